#include "frontend/exchange_record.h"

#include "frontend/connection.h"
#include "frontend/server.h"
#include "http/trace_context.h"

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
  is_from_proxy = true;
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

RequestId ExchangeRecord::request_id(Connection& connection, const http::RequestHead& request) const {
  if (is_from_proxy) {
    const auto given = request.fields.single(http::FieldName::XRequestId);
    if (given && is_request_id(*given)) return RequestId(*given);
  }
  RequestIds& ids = connection.server().request_ids();
  if (number == 0) number = ids.next();
  return {ids.prefix(), number};
}

void ExchangeRecord::report(Connection& connection, const http::RequestHead& request, bool is_complete) const {
  Server& server = connection.server();
  const auto duration = server.loop().now() - begun;
  server.metrics().request_finished(outcome, status, bytes, duration);
  if (!server.access_log().wants(status, is_complete)) return;
  const RequestId id = request_id(connection, request);
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
                             .complete = is_complete,
                             .request_id = id.view(),
                             .trace_id = http::trace_id_of(request.fields)});
}

}  // namespace edge::frontend
