#include "app/admin_client.h"

namespace edge::app {
namespace {

// Where somebody who listens on every address can be reached from here.
std::string reachable(const std::string& listening) {
  const std::size_t colon = listening.rfind(':');
  const std::string host = listening.substr(0, colon);
  if (host == "0.0.0.0") return "127.0.0.1" + listening.substr(colon);
  if (host == "[::]") return "[::1]" + listening.substr(colon);
  return listening;
}

}  // namespace

Result<OneAnswer> ask_admin(const AdminOptions& admin, std::string_view method, std::string_view target,
                            std::string_view body) {
  origin::OriginOptions options;
  options.urls = {"http://" + reachable(admin.address)};
  options.total_timeout = options.first_byte_timeout;
  origin::FetchRequest request{.method = std::string(method), .target = std::string(target)};
  if (!admin.token.empty()) request.field_lines = "authorization: Bearer " + admin.token + "\r\n";
  if (!body.empty()) {
    request.field_lines += "content-type: application/json\r\n";
    request.has_body = true;
    request.body_length = body.size();
  }
  auto answer = ask_once(options, std::move(request), body);
  if (!answer) return fail(answer.error().code, "no answer from the admin port: " + answer.error().message);
  return answer;
}

}  // namespace edge::app
