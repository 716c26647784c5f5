#include "frontend/server.h"

#include <array>

#include "frontend/http1_connection.h"
#include "http/date.h"

namespace edge::frontend {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;

Http1ParserLimits parser_limits(const ServerOptions& options) {
  return {options.header_bytes_max, options.header_count_max, options.target_bytes_max};
}

}  // namespace

Server::Server(event::EventLoop& loop, const ServerOptions& options, Handler& handler, metrics::WorkerMetrics& metrics,
               AccessLog& access_log)
    : loop_(loop),
      options_(options),
      parser_limits_(parser_limits(options)),
      handler_(handler),
      metrics_(metrics),
      access_log_(access_log),
      read_buffer_(kReadBytes),
      tell_drained_(loop, [this] { on_drained_(); }) {}

Server::~Server() {
  listeners_.clear();
  close_all();
}

void Server::add_listener(net::Socket socket) {
  listeners_.push_back(std::make_unique<net::Listener>(
      loop_, std::move(socket),
      [this](net::Socket accepted, const net::Address& peer) { accept(std::move(accepted), peer); }));
}

void Server::reload(const ServerOptions& options) {
  options_ = options;
  parser_limits_ = parser_limits(options);
}

void Server::drain(UniqueFunction<void()> on_drained) {
  draining_ = true;
  on_drained_ = std::move(on_drained);
  listeners_.clear();
  // From the back: a connection that closes at once is replaced by the last one.
  for (std::size_t i = connections_.size(); i > 0; --i) connections_[i - 1]->drain();
  if (connections_.empty()) tell_drained_.schedule();
}

void Server::close_all() {
  while (!connections_.empty()) connections_.back()->close();
}

void Server::accept(net::Socket socket, const net::Address& peer) {
  if (connections_.size() >= options_.connections_max) {
    metrics_.limit_reached(metrics::Limit::Connections);
    static constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n"
        "cache-status: avatar-edge; detail=too-many-connections\r\n"
        "proxy-status: avatar-edge; error=connection_limit_reached\r\n\r\n";
    const std::array<iovec, 1> piece{{{const_cast<char*>(kFull.data()), kFull.size()}}};
    net::write_some(socket, piece);
    return;
  }
  metrics_.connection_opened();
  connections_.push_back(std::make_unique<Http1Connection>(*this, connections_.size(), std::move(socket), peer));
}

void Server::remove(Http1Connection& connection) {
  const std::size_t place = connection.place();
  std::unique_ptr<Http1Connection> removed = std::move(connections_[place]);
  if (place + 1 != connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->set_place(place);
  }
  connections_.pop_back();
  metrics_.connection_closed();
  loop_.destroy_later(std::move(removed));
  if (draining_ && connections_.empty() && on_drained_) tell_drained_.schedule();
}

std::string_view Server::date() {
  const auto second = std::chrono::floor<std::chrono::seconds>(loop_.wall());
  if (second.time_since_epoch() != date_second_) {
    date_second_ = second.time_since_epoch();
    date_ = http::format_http_date(second);
  }
  return date_;
}

}  // namespace edge::frontend
