// All connections of one worker to one handler.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_function.h"
#include "event/event_loop.h"
#include "frontend/access_log.h"
#include "frontend/exchange.h"
#include "frontend/refusal.h"
#include "frontend/request_id.h"
#include "frontend/server_options.h"
#include "limit/client_connections.h"
#include "metrics/worker_metrics.h"
#include "net/listener.h"
#include "net/tls_buffers.h"
#include "net/tls_context.h"

namespace edge::frontend {

class Connection;

// What one listener asks of those who connect. Immutable, shared by all workers.
struct PortAccess {
  net::AccessList list;
  bool proxy_protocol = false;  // Connections come from trusted proxies, and begin with a PROXY header.
};

// Owned by a worker. What it is given must outlive it. Loop's thread only.
class Server {
 public:
  // `clients`: of the process; null: clients are not counted.
  Server(event::EventLoop& loop, const ServerOptions& options, Handler& handler, metrics::WorkerMetrics& metrics,
         AccessLog& access_log, limit::ClientConnections* clients = nullptr);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Without `tls` in the clear.
  void add_listener(net::Socket socket, std::shared_ptr<const net::TlsContext> tls = nullptr,
                    std::shared_ptr<const PortAccess> access = nullptr);
  // Another socket of a listener, counted from 0 in the order of their adding.
  void add_socket(std::size_t listener, net::Socket socket);
  // For what a listener, counted from 0 in the order of their adding, accepts from now on.
  void set_tls(std::size_t listener, std::shared_ptr<const net::TlsContext> tls);
  // Whether who connects is let in; where not, they wait in the kernel's queue. They are at first.
  void set_accepting(bool is_accepting);
  // Holds for what begins from now on; open connections keep their current deadline.
  void reload(const ServerOptions& options);

  // Accepts nothing more, and answers each connection's next request as its last. One of HTTP/1 that has none gets a
  // moment more, for a request that is on its way would be lost. `on_drained` runs once, in a later turn, when no
  // connection is left.
  void drain(UniqueFunction<void()> on_drained);
  // Ends every connection as it stands.
  void close_all();
  std::size_t connection_count() const { return connections_.size(); }

  // For its connections.
  event::EventLoop& loop() { return loop_; }
  const ServerOptions& options() const { return options_; }
  const RequestLimits& request_limits() const { return request_limits_; }
  Handler& handler() { return handler_; }
  metrics::WorkerMetrics& metrics() { return metrics_; }
  AccessLog& access_log() { return access_log_; }
  RequestIds& request_ids() { return request_ids_; }
  bool is_draining() const { return draining_; }
  // Until when a connection may be idle that would otherwise be let be until `otherwise`.
  Instant idle_until(Instant otherwise) const {
    return draining_ ? std::min(otherwise, drain_began_ + options_.drain_idle_timeout) : otherwise;
  }
  std::span<char> read_buffer() { return read_buffer_; }
  net::TlsBuffers& tls_buffers() { return tls_buffers_; }
  // The value of Date.
  std::string_view date();
  // Whether a step of a TLS handshake may be taken now. Where not, it is counted and Connection::on_handshake_turn
  // follows, in this turn or a later one.
  bool may_shake_hands(Connection& connection);
  void remove(Connection& connection);
  // The place of one more connection of this client; nullopt, and counted, where it has too many. What does not count,
  // such as those of trusted proxies, has a place of nobody.
  std::optional<limit::ClientConnections::Place> try_place(const net::Ip& client);
  // Whether who has connected may stay. A trusted proxy may, for its clients are judged one by one. Counts who may not.
  bool admits(const net::Ip& peer, const PortAccess* port);

 private:
  struct Port {
    std::shared_ptr<const net::TlsContext> tls;  // Null: in the clear.
    std::shared_ptr<const PortAccess> access;    // Null: as the server's options say alone.
    std::vector<std::unique_ptr<net::Listener>> listeners;
  };

  void accept(net::Socket socket, const net::Address& peer, const Port& port);
  void end_handshake_turn();

  event::EventLoop& loop_;
  ServerOptions options_;
  RequestLimits request_limits_;
  Handler& handler_;
  metrics::WorkerMetrics& metrics_;
  AccessLog& access_log_;
  RequestIds request_ids_;
  limit::ClientConnections* const clients_;

  std::vector<char> read_buffer_;  // Connections read into it by turns; what cannot be parsed yet, they copy.
  net::TlsBuffers tls_buffers_;
  std::string date_;  // Made once a second.
  std::chrono::seconds date_second_{-1};

  std::uint32_t handshakes_this_turn_ = 0;
  std::deque<Connection*> waiting_for_handshake_;
  event::Deferred handshake_turn_;

  bool is_accepting_ = true;
  bool draining_ = false;
  Instant drain_began_{};
  UniqueFunction<void()> on_drained_;
  event::Deferred tell_drained_;
  std::vector<std::unique_ptr<Port>> ports_;
  std::vector<std::unique_ptr<Connection>> connections_;  // Each knows its place.
};

}  // namespace edge::frontend
