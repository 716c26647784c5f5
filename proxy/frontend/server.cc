#include "frontend/server.h"

#include <array>

#include "base/hash.h"
#include "frontend/connection.h"
#include "http/date.h"

namespace edge::frontend {
namespace {

constexpr std::size_t kReadBytes = net::Stream::kReadBytesMin;

RequestLimits limits_of(const ServerOptions& options) {
  return {options.header_bytes_max, options.header_count_max, options.target_bytes_max};
}

void tell_full(const net::Socket& socket) {
  static constexpr std::string_view kFull =
      "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 1\r\nconnection: close\r\n"
      "cache-status: avatar-edge; detail=too-many-connections\r\n"
      "proxy-status: avatar-edge; error=connection_limit_reached\r\n\r\n";
  const std::array<iovec, 1> piece{{{const_cast<char*>(kFull.data()), kFull.size()}}};
  net::write_some(socket, piece);
}

}  // namespace

Server::Server(event::EventLoop& loop, const ServerOptions& options, Handler& handler, metrics::WorkerMetrics& metrics,
               AccessLog& access_log, limit::ClientConnections* clients)
    : loop_(loop),
      options_(options),
      request_limits_(limits_of(options)),
      handler_(handler),
      metrics_(metrics),
      access_log_(access_log),
      clients_(clients),
      read_buffer_(kReadBytes),
      tls_buffers_(loop),
      handshake_turn_(loop, [this] { end_handshake_turn(); }),
      tell_drained_(loop, [this] { on_drained_(); }) {}

Server::~Server() {
  ports_.clear();
  close_all();
}

void Server::add_listener(net::Socket socket, std::shared_ptr<const net::TlsContext> tls,
                          std::shared_ptr<const PortAccess> access) {
  ports_.push_back(std::make_unique<Port>(Port{std::move(tls), std::move(access), {}}));
  add_socket(ports_.size() - 1, std::move(socket));
}

void Server::add_socket(std::size_t listener, net::Socket socket) {
  Port& port = *ports_[listener];
  port.listeners.push_back(std::make_unique<net::Listener>(
      loop_, std::move(socket),
      [this, &port](net::Socket accepted, const net::Address& peer) { accept(std::move(accepted), peer, port); }));
  port.listeners.back()->set_accepting(is_accepting_);
}

void Server::set_tls(std::size_t listener, std::shared_ptr<const net::TlsContext> tls) {
  if (listener < ports_.size()) ports_[listener]->tls = std::move(tls);  // A server that drains has none.
}

void Server::set_accepting(bool is_accepting) {
  is_accepting_ = is_accepting;
  for (const auto& port : ports_)
    for (const auto& listener : port->listeners) listener->set_accepting(is_accepting);
}

void Server::reload(const ServerOptions& options) {
  options_ = options;
  request_limits_ = limits_of(options);
}

void Server::drain(UniqueFunction<void()> on_drained) {
  draining_ = true;
  drain_began_ = loop_.now();
  on_drained_ = std::move(on_drained);
  ports_.clear();
  // From the back: a connection that closes at once is replaced by the last one.
  for (std::size_t i = connections_.size(); i > 0; --i) connections_[i - 1]->drain();
  if (connections_.empty()) tell_drained_.schedule();
}

void Server::close_all() {
  while (!connections_.empty()) connections_.back()->cut_off();
}

std::optional<limit::ClientConnections::Place> Server::try_place(const net::Ip& client) {
  const bool is_proxy = options_.access && options_.access->trusts(client);
  if (!clients_ || options_.connections_per_client_max == 0 || is_proxy) return limit::ClientConnections::Place();
  auto place = clients_->try_enter(keyed_hash(client.client_key()), options_.connections_per_client_max);
  if (!place) metrics_.limit_reached(metrics::Limit::ConnectionsPerClient);
  return place;
}

bool Server::admits(const net::Ip& peer, const PortAccess* port) {
  const ClientAccess* const access = options_.access.get();
  const bool is_trusted = access && access->trusts(peer);
  const bool may = is_trusted || ((!access || access->admits(peer)) && (!port || port->list.admits(peer)));
  if (!may) metrics_.limit_reached(metrics::Limit::Access);
  return may;
}

// Who may not connect is told nothing.
void Server::accept(net::Socket socket, const net::Address& peer, const Port& port) {
  if (port.access && port.access->proxy_protocol) {
    // Its header would be anybody's word.
    if (!options_.access || !options_.access->trusts(net::Ip(peer)))
      return metrics_.limit_reached(metrics::Limit::Access);
  } else if ((options_.access || port.access) && !admits(net::Ip(peer), port.access.get())) {
    return;
  }
  if (connections_.size() >= options_.connections_max) {
    metrics_.limit_reached(metrics::Limit::Connections);
    // With TLS there is nobody yet to tell.
    if (!port.tls) tell_full(socket);
    return;
  }
  limit::ClientConnections::Place place;
  if (!port.access || !port.access->proxy_protocol) {
    auto found = try_place(net::Ip(peer));
    if (!found) return port.tls ? void() : tell_full(socket);
    place = std::move(*found);
  }
  metrics_.connection_opened();
  connections_.push_back(std::make_unique<Connection>(*this, connections_.size(), std::move(socket), port.tls,
                                                      port.access, peer, std::move(place)));
}

void Server::remove(Connection& connection) {
  const std::size_t place = connection.place();
  std::unique_ptr<Connection> removed = std::move(connections_[place]);
  if (place + 1 != connections_.size()) {
    connections_[place] = std::move(connections_.back());
    connections_[place]->set_place(place);
  }
  connections_.pop_back();
  metrics_.connection_closed();
  std::erase(waiting_for_handshake_, &connection);
  loop_.destroy_later(std::move(removed));
  if (draining_ && connections_.empty() && on_drained_) tell_drained_.schedule();
}

// A handshake takes as long as dozens of hits, so hits must not wait for many; and none overtakes those that wait.
bool Server::may_shake_hands(Connection& connection) {
  handshake_turn_.schedule();
  if (waiting_for_handshake_.empty() && handshakes_this_turn_ < options_.handshakes_per_turn_max) {
    ++handshakes_this_turn_;
    return true;
  }
  metrics_.limit_reached(metrics::Limit::HandshakesPerTurn);
  waiting_for_handshake_.push_back(&connection);
  return false;
}

void Server::end_handshake_turn() {
  handshakes_this_turn_ = 0;
  const std::size_t count = std::min<std::size_t>(options_.handshakes_per_turn_max, waiting_for_handshake_.size());
  for (std::size_t i = 0; i < count && !waiting_for_handshake_.empty(); ++i) {
    Connection& next = *waiting_for_handshake_.front();
    waiting_for_handshake_.pop_front();
    next.on_handshake_turn();
  }
  if (!waiting_for_handshake_.empty()) handshake_turn_.schedule();
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
