#include "verify/metrics_page.h"

#include "metrics/metrics.h"
#include "net/socket.h"

namespace edge::verify {
namespace {

frontend::ServerOptions server_options() {
  frontend::ServerOptions options;
  options.connections_max = 64;  // Scrapers are few.
  options.body_bytes_max = 0;
  return options;
}

void answer(frontend::Exchange& exchange, std::uint16_t status, std::string_view more_fields, std::string_view body) {
  std::string fields = "content-type: ";
  fields.append(metrics::Metrics::kContentType).append("\r\ncache-control: no-store\r\n").append(more_fields);
  exchange.set_outcome(metrics::Outcome::Local);
  exchange.respond({.status = status, .fields = fields, .body = body});
}

}  // namespace

MetricsPage::MetricsPage(event::EventLoop& loop, std::function<std::string()> exposition)
    : exposition_(std::move(exposition)), server_(loop, server_options(), *this, metrics_, access_log_) {}

Result<std::string> MetricsPage::listen(const std::string& address) {
  const auto parsed = net::parse_address(address);
  if (parsed && parsed->is_unix()) return fail(ErrorCode::Malformed, "Prometheus cannot ask a UNIX socket: " + address);
  if (!parsed) return Failure{parsed.error()};
  auto socket = net::listen_on(*parsed, false);
  if (!socket) return Failure{socket.error()};
  const net::Address bound = net::local_address(*socket);
  server_.add_listener(std::move(*socket));
  return bound.text();
}

std::unique_ptr<frontend::ExchangeTask> MetricsPage::start(frontend::Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  if (path != "/metrics") {
    answer(exchange, 404, {}, "only GET /metrics is here\n");
  } else if (request.method != http::Method::Get && request.method != http::Method::Head) {
    answer(exchange, 405, "allow: GET, HEAD\r\n", "only GET /metrics is here\n");
  } else {
    answer(exchange, 200, {}, exposition_());
  }
  return nullptr;
}

}  // namespace edge::verify
