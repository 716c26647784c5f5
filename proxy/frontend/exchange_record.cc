#include "frontend/exchange_record.h"

#include "frontend/connection.h"
#include "frontend/server.h"

namespace edge::frontend {
namespace {

std::string_view protocol_of(const http::RequestHead& request) {
  if (request.version_major == 2) return "HTTP/2";
  return request.version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1";
}

// Who reads the log must not be able to ask by it.
std::string_view without_signature(std::string_view target) { return target.substr(0, target.find("&signature=")); }

}  // namespace

bool ExchangeRecord::identify(Connection& connection, const http::RequestHead& request) {
  const ClientAccess* const access = connection.server().options().access.get();
  if (!access || !access->trusts(connection.client())) return true;  // Who connects himself was judged then.
  forwarded = access->forwarded_client(request.fields);
  if (access->admits(client(connection)) && connection.is_admitted_by_port(client(connection))) return true;
  connection.server().metrics().limit_reached(metrics::Limit::Access);
  return false;
}

const net::Ip& ExchangeRecord::client(const Connection& connection) const {
  return forwarded ? *forwarded : connection.client();
}

std::string_view ExchangeRecord::client_text(const Connection& connection) const {
  if (!forwarded) return connection.client_address();
  return forwarded_text = forwarded->text();
}

void ExchangeRecord::report(Connection& connection, const http::RequestHead& request, bool is_complete) const {
  Server& server = connection.server();
  const auto duration = server.loop().now() - begun;
  server.metrics().request_finished(outcome, status, bytes, duration);
  if (!server.access_log().wants(status, is_complete)) return;
  server.access_log().write({.time = server.loop().wall() - std::chrono::floor<std::chrono::milliseconds>(duration),
                             .client = client_text(connection),
                             .method = request.method_name,
                             .target = without_signature(request.target),
                             .protocol = protocol_of(request),
                             .status = status,
                             .bytes_sent = bytes,
                             .outcome = outcome,
                             .detail = detail,
                             .duration = duration,
                             .complete = is_complete});
}

}  // namespace edge::frontend
