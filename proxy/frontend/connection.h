// One accepted socket with its TLS and protocol: moves the bytes, keeps the one deadline, and stays until both sides
// have said and heard all.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "event/deferred.h"
#include "event/timer.h"
#include "event/watch.h"
#include "frontend/output_queue.h"
#include "frontend/protocol.h"
#include "limit/client_connections.h"
#include "net/address.h"
#include "net/ip.h"
#include "net/proxy_header.h"
#include "net/stream.h"

namespace edge::frontend {

class Server;
struct PortAccess;

// Owned by its server. Loop's thread only.
class Connection {
 public:
  // `tls`: null for a connection in the clear.
  // `access`: of the listener; may be null.
  Connection(Server& server, std::size_t place, net::Socket socket, const std::shared_ptr<const net::TlsContext>& tls,
             std::shared_ptr<const PortAccess> access, const net::Address& peer,
             limit::ClientConnections::Place place_of_client);
  ~Connection();

  // Finishes what is begun, then ends.
  void drain();
  // Ends it as it stands, after saying so where the socket takes it.
  void cut_off();
  // Ends it as it stands. The object lives until the end of the turn.
  void close() { close(false); }
  // So that the client sees that it is cut off.
  void reset();
  // Its handshake goes on, for there is something to read.
  void on_handshake_turn();

  // Its index among the server's connections.
  std::size_t place() const { return place_; }
  void set_place(std::size_t place) { place_ = place; }

  // For its protocol.
  Server& server() { return server_; }
  OutputQueue& output() { return output_; }
  // As net::Stream::write_bytes_max.
  std::size_t write_bytes_max() const { return stream_.write_bytes_max(); }
  const net::Ip& client() const { return client_; }
  // As text; "uid 1000" where it is a process at the other end of a UNIX socket.
  std::string_view client_address() const;
  std::string client_subject() const { return stream_.peer_subject(); }
  // By what its listener asks alone.
  bool is_admitted_by_port(const net::Ip& client) const;
  // Protocol::resume at the end of the turn, and what is in output() is sent.
  void schedule() { resume_.schedule(); }
  // Nothing more is taken from the client: what is in output() is sent, then it ends.
  void end();
  bool has_ended() const { return state_ > State::Open; }
  // When the client last took something.
  Instant last_sent() const { return sent_at_; }

 private:
  // In the order in which they happen.
  enum class State {
    Announced,  // A balancer is to say whose connection it is.
    Opening,    // The handshake, and until it is known what is spoken.
    Open,       // The protocol has it.
    Flushing,   // The last of the output is being sent; then Lingering.
    Lingering,  // All is sent; waits until the client has read it and closes (RFC 9112 section 9.6).
    Closed,
  };

  void on_readable();
  void read_proxy_header();
  void on_proxy_header();
  void read();
  void on_handshake();
  void on_end_of_file();
  void take(std::string_view bytes);
  void open(net::Alpn spoken);
  void close(bool client_left);

  void resume();
  void settle();
  void flush();
  void linger();
  void update_read_interest();
  void update_deadline();
  void set_deadline(const Deadline& deadline);
  void on_timer();
  void on_deadline();

  Server& server_;
  std::size_t place_;
  net::Ip client_;
  limit::ClientConnections::Place place_of_client_;  // Among all of its connections.
  mutable std::string client_text_;                  // Made when first asked for.
  net::Stream stream_;

  const std::shared_ptr<const PortAccess> access_;
  std::unique_ptr<net::ProxyHeader> proxy_header_;  // While State::Announced.

  State state_ = State::Opening;
  bool read_closed_ = false;
  bool waits_for_handshake_turn_ = false;
  std::string first_bytes_;  // Until they tell what is spoken.
  std::unique_ptr<Protocol> protocol_;
  OutputQueue output_;

  Instant since_;    // Of the current state.
  Instant sent_at_;  // The last progress in sending.
  std::optional<Deadline> deadline_;
  Instant timer_at_{};

  // Last members, so first to go.
  event::Watch read_watch_;
  event::Watch write_watch_;
  event::Timer timer_;
  event::Deferred resume_;
};

}  // namespace edge::frontend
