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

// Where to connect is told apart from it: by `connect_to`.
std::string url_of(const AdminOptions& admin) {
  if (admin.is_unix()) return "http://localhost";
  const std::string place = reachable(admin.address);
  if (!admin.has_tls()) return "http://" + place;
  if (admin.client.server_name.empty()) return "https://" + place;
  return "https://" + admin.client.server_name + place.substr(place.rfind(':'));
}

}  // namespace

origin::OriginOptions admin_origin(const AdminOptions& admin, std::chrono::milliseconds patience) {
  origin::OriginOptions options;
  options.urls = {url_of(admin)};
  options.connect_to = admin.is_unix() ? admin.address : reachable(admin.address);
  options.first_byte_timeout = options.total_timeout = patience;
  options.http2 = false;
  options.ca_file = admin.client.ca_file;
  options.client_certificate_file = admin.client.certificate;
  options.client_key_file = admin.client.key;
  return options;
}

origin::FetchRequest admin_request(const AdminOptions& admin, std::string_view method, std::string_view target) {
  origin::FetchRequest request{.method = std::string(method), .target = std::string(target)};
  if (!admin.token.empty()) request.field_lines = "authorization: Bearer " + admin.token + "\r\n";
  return request;
}

Result<OneAnswer> ask_admin(const AdminOptions& admin, std::string_view method, std::string_view target,
                            std::string_view body, std::chrono::milliseconds patience) {
  origin::FetchRequest request = admin_request(admin, method, target);
  if (!body.empty()) {
    request.field_lines += "content-type: application/json\r\n";
    request.has_body = true;
    request.body_length = body.size();
  }
  auto answer = ask_once(admin_origin(admin, patience), std::move(request), body);
  if (!answer)
    return fail(answer.error().code,
                "no answer from the admin port (" + admin.address + "): " + answer.error().message);
  return answer;
}

}  // namespace edge::app
