#include "frontend/connection.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "frontend/http1_protocol.h"
#include "frontend/http2_protocol.h"
#include "frontend/server.h"
#include "net/unix_socket.h"

namespace edge::frontend {
namespace {

// How long a connection that has ended waits for the client to read what was sent (RFC 9112 section 9.6).
constexpr std::chrono::seconds kLinger{2};
constexpr std::size_t kPiecesPerWrite = 64;

// RFC 9113 section 3.4: with these begins who knows that we speak HTTP/2. No request of HTTP/1 does.
constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// Nothing: more bytes are needed to tell.
std::optional<net::Alpn> what_begins_with(std::string_view bytes) {
  if (bytes.starts_with(kHttp2Preface)) return net::Alpn::Http2;
  if (kHttp2Preface.starts_with(bytes)) return std::nullopt;
  return net::Alpn::Http1;
}

metrics::TlsHandshakeEnd label_of(net::HandshakeEnd end) {
  switch (end) {
    case net::HandshakeEnd::Full:
      return metrics::TlsHandshakeEnd::Full;
    case net::HandshakeEnd::Resumed:
      return metrics::TlsHandshakeEnd::Resumed;
    case net::HandshakeEnd::Failed:
      return metrics::TlsHandshakeEnd::Failed;
  }
  EDGE_CHECK(false);
}

std::string text_of_process(const net::Socket& socket) {
  const auto uid = net::peer_uid(socket);
  return uid ? "uid " + std::to_string(*uid) : "unknown uid";
}

}  // namespace

Connection::Connection(Server& server, std::size_t place, net::Socket socket,
                       const std::shared_ptr<const net::TlsContext>& tls, std::shared_ptr<const PortAccess> access,
                       const net::Address& peer, limit::ClientConnections::Place place_of_client)
    : server_(server),
      place_(place),
      client_(peer),
      place_of_client_(std::move(place_of_client)),
      client_text_(peer.is_unix() ? text_of_process(socket) : std::string()),
      stream_(std::move(socket), tls, server.tls_buffers()),
      access_(std::move(access)),
      since_(server.loop().now()),
      read_watch_(server.loop(), stream_.fd(), event::Watch::Readable, [this] { on_readable(); }),
      write_watch_(server.loop(), stream_.fd(), event::Watch::Writable, [this] { resume(); }),
      timer_(server.loop(), [this] { on_timer(); }),
      resume_(server.loop(), [this] { resume(); }) {
  if (access_ && access_->proxy_protocol) {
    proxy_header_ = std::make_unique<net::ProxyHeader>();
    state_ = State::Announced;
  }
  settle();
}

Connection::~Connection() = default;

std::string_view Connection::client_address() const {
  if (client_text_.empty()) client_text_ = client_.text();
  return client_text_;
}

bool Connection::is_admitted_by_port(const net::Ip& client) const { return !access_ || access_->list.admits(client); }

// ---- Announced ----

// No byte behind the header is taken from the socket: with TLS it is not ours to read.
void Connection::read_proxy_header() {
  const auto buffer = server_.read_buffer();
  const net::IoResult peeked = net::peek_some(stream_.socket(), buffer.first(net::ProxyHeader::kBytesMax));
  if (peeked.state == net::IoResult::WouldBlock) return;
  if (peeked.state != net::IoResult::Ok) return close(true);
  const std::size_t taken = proxy_header_->take({buffer.data(), peeked.bytes});
  static_cast<void>(net::read_some(stream_.socket(), buffer.first(taken)));
  if (proxy_header_->state() != net::ProxyHeader::State::NeedMore) on_proxy_header();
}

void Connection::on_proxy_header() {
  const bool is_good = proxy_header_->state() == net::ProxyHeader::State::Complete;
  if (!is_good) server_.metrics().proxy_headers_malformed.add();
  if (const auto& client = proxy_header_->client()) client_ = *client;
  proxy_header_.reset();
  state_ = State::Opening;
  if (!is_good || !server_.admits(client_, access_.get())) return close();
  auto place = server_.try_place(client_);
  if (!place) return close();
  place_of_client_ = *std::move(place);
  settle();
}

// ---- Opening ----

// It may have ended, well or not.
void Connection::on_handshake() {
  if (const auto end = stream_.take_handshake_end()) server_.metrics().tls_handshakes[label_of(*end)].add();
  if (!stream_.is_established()) return;
  // Who wants HTTP/2 over TLS must say so there (RFC 9113 section 3.3).
  open(stream_.alpn() == net::Alpn::Http2 ? net::Alpn::Http2 : net::Alpn::Http1);
}

void Connection::open(net::Alpn spoken) {
  state_ = State::Open;
  since_ = server_.loop().now();
  if (spoken == net::Alpn::Http2) {
    protocol_ = std::make_unique<Http2Protocol>(*this);
  } else {
    protocol_ = std::make_unique<Http1Protocol>(*this);
  }
}

// ---- Reading ----

void Connection::on_readable() {
  if (state_ == State::Announced) return read_proxy_header();
  if (stream_.is_established() || server_.may_shake_hands(*this)) return read();
  waits_for_handshake_turn_ = true;
  read_watch_.disarm();
}

void Connection::on_handshake_turn() {
  waits_for_handshake_turn_ = false;
  read();
}

void Connection::read() {
  const bool was_established = stream_.is_established();
  const net::IoResult read = stream_.read_some(server_.read_buffer());
  if (!was_established) on_handshake();
  switch (read.state) {
    case net::IoResult::WouldBlock:
      // A handshake may have something to send.
      return was_established ? void() : settle();
    case net::IoResult::Broken:
      return close(true);
    case net::IoResult::EndOfFile:
      return on_end_of_file();
    case net::IoResult::Ok:
      break;
  }
  if (has_ended()) return;  // Read only to be thrown away.
  take({server_.read_buffer().data(), read.bytes});
  settle();
  if (stream_.has_ended()) on_end_of_file();
}

void Connection::take(std::string_view bytes) {
  if (protocol_) return protocol_->on_bytes(bytes);
  std::string joined;
  if (!first_bytes_.empty()) bytes = joined = std::exchange(first_bytes_, {}).append(bytes);
  const auto spoken = server_.options().http2.enabled ? what_begins_with(bytes) : net::Alpn::Http1;
  if (!spoken) {
    first_bytes_ = bytes;
    return;
  }
  open(*spoken);
  protocol_->on_bytes(bytes);
}

// A client that closes its side has gone, unless all that it is owed is already in the queue.
void Connection::on_end_of_file() {
  read_closed_ = true;
  const bool is_owed_nothing = output_.empty() && !stream_.has_unsent();
  switch (state_) {
    case State::Open:
      if (protocol_->is_busy() || is_owed_nothing) return close(true);
      end();
      return settle();
    case State::Flushing:
      return settle();
    case State::Announced:
    case State::Opening:
    case State::Lingering:
      return close(true);
    case State::Closed:
      return;
  }
}

// ---- Writing ----

void Connection::flush() {
  std::array<iovec, kPiecesPerWrite> pieces;
  while (!output_.empty() || stream_.has_unsent()) {
    const std::size_t count = output_.gather(pieces);
    const net::IoResult written = stream_.write_some({pieces.data(), count});
    if (written.state == net::IoResult::Broken) return close(true);
    if (written.state != net::IoResult::Ok) break;
    output_.consume(written.bytes);
    sent_at_ = server_.loop().now();
  }
  if (output_.empty() && !stream_.has_unsent()) {
    write_watch_.disarm();
    if (state_ == State::Flushing) linger();
  } else if (!write_watch_.is_armed()) {
    sent_at_ = server_.loop().now();
    write_watch_.arm();
  }
}

void Connection::end() {
  if (has_ended()) return;
  state_ = State::Flushing;
}

// Closing at once would reset the connection if the client is still sending, and the reset may overtake our answer.
void Connection::linger() {
  if (read_closed_) return close();
  state_ = State::Lingering;
  since_ = server_.loop().now();
  stream_.shutdown_writes();
  if (stream_.has_unsent()) write_watch_.arm();
}

// ---- What goes on in between ----

// The protocol has moved something, or the socket takes bytes again.
void Connection::resume() {
  if (state_ == State::Open) protocol_->resume();
  settle();
}

void Connection::settle() {
  if (state_ == State::Closed) return;
  if (state_ == State::Open) protocol_->prepare_output();
  flush();
  if (state_ == State::Open) protocol_->on_sent();
  if (state_ == State::Closed) return;
  update_read_interest();
  update_deadline();
}

void Connection::update_read_interest() {
  if (read_closed_ || waits_for_handshake_turn_ || (state_ == State::Open && !protocol_->wants_bytes())) {
    read_watch_.disarm();
  } else {
    read_watch_.arm();
  }
}

void Connection::update_deadline() {
  const ServerOptions& options = server_.options();
  deadline_.reset();
  if (!output_.empty() || stream_.has_unsent())
    return set_deadline({sent_at_ + options.write_timeout, metrics::Limit::WriteTimeout});
  switch (state_) {
    case State::Announced:
    case State::Opening:
      // Who has just connected owes a request.
      return set_deadline({server_.idle_until(since_ + options.header_timeout), metrics::Limit::IdleTimeout});
    case State::Open:
      if (const auto deadline = protocol_->deadline()) set_deadline(*deadline);
      return;
    case State::Flushing:
      return;
    case State::Lingering:
      return set_deadline({since_ + kLinger, metrics::Limit::IdleTimeout});
    case State::Closed:
      return;
  }
}

// The timer is armed anew only for an earlier deadline; a later one is noticed when it fires. So a busy connection
// costs no timer work.
void Connection::set_deadline(const Deadline& deadline) {
  deadline_ = deadline;
  if (timer_.is_armed() && timer_at_ <= deadline.at) return;
  timer_at_ = deadline.at;
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(deadline.at - server_.loop().now());
  timer_.arm(std::max(delay, std::chrono::milliseconds{0}));
}

void Connection::on_timer() {
  if (!deadline_) return;
  if (server_.loop().now() < deadline_->at) return set_deadline(*deadline_);
  on_deadline();
}

void Connection::on_deadline() {
  const metrics::Limit limit = deadline_->limit;
  if (state_ == State::Lingering) return close();
  if (state_ == State::Open && limit != metrics::Limit::WriteTimeout) {
    protocol_->on_deadline(limit);
    return settle();
  }
  server_.metrics().limit_reached(limit);
  if (!stream_.is_established() && state_ != State::Announced)
    server_.metrics().tls_handshakes[metrics::TlsHandshakeEnd::Failed].add();
  close();
}

void Connection::drain() {
  switch (state_) {
    case State::Announced:
    case State::Opening:
      return update_deadline();
    case State::Open:
      protocol_->drain();
      return schedule();
    case State::Flushing:
    case State::Lingering:
    case State::Closed:
      return;
  }
}

void Connection::cut_off() {
  const auto may_send = [this] { return state_ == State::Open || state_ == State::Flushing; };
  if (state_ == State::Open) protocol_->cut_off();
  // What was finished a moment ago may not have gone yet.
  if (may_send()) flush();
  if (may_send()) stream_.shutdown_writes();
  close();
}

void Connection::reset() {
  net::reset_when_closed(stream_.socket());
  close();
}

void Connection::close(bool client_left) {
  if (state_ == State::Closed) return;
  state_ = State::Closed;
  read_watch_.disarm();
  write_watch_.disarm();
  timer_.disarm();
  place_of_client_ = {};
  if (protocol_) protocol_->on_closed(client_left);
  server_.remove(*this);
}

}  // namespace edge::frontend
