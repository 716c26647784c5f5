// One accepted connection that speaks HTTP/1: reads requests, hands them to the handler one after the other, writes
// the responses in order.
//
// Requests that come pipelined are answered in one write where the handler answers them at once. While an exchange
// takes time, what follows it stays unparsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "event/deferred.h"
#include "event/timer.h"
#include "event/watch.h"
#include "frontend/exchange.h"
#include "frontend/http1_head.h"
#include "frontend/http1_parser.h"
#include "frontend/output_queue.h"
#include "net/socket.h"

namespace edge::frontend {

class Server;

// Owned by its server. Loop's thread only.
class Http1Connection final : public Exchange {
 public:
  Http1Connection(Server& server, std::size_t place, net::Socket socket, const net::Address& peer);
  ~Http1Connection();

  // Closes now if no exchange is under way, else after it.
  void drain();
  // Ends it as it stands. The object lives until the end of the turn.
  void close();

  // Its index among the server's connections.
  std::size_t place() const { return place_; }
  void set_place(std::size_t place) { place_ = place; }

  const http::RequestHead& request() const override { return parser_.head(); }
  std::string_view client_address() const override;
  bool is_from_loopback() const override { return peer_.is_loopback(); }
  event::EventLoop& loop() override;
  void send_interim(std::uint16_t status, std::string_view fields) override;
  void respond(const Response& response) override;
  void start_response(const Response& head, std::optional<std::uint64_t> length) override;
  void write(std::string_view piece) override;
  void finish() override;
  void abort() override;
  bool is_congested() const override;
  bool has_response_started() const override { return response_ != ResponseState::None; }
  bool has_body() const override { return parser_.has_body(); }
  std::optional<std::uint64_t> body_length() const override { return parser_.body_length(); }
  void read_body() override;
  void pause_body() override;
  void set_outcome(metrics::Outcome outcome, std::string_view detail) override;

 private:
  // In the order in which they happen.
  enum class State {
    Idle,       // Between requests, or before the first.
    Head,       // Some bytes of a request have come.
    Exchange,   // The handler has it.
    Flushing,   // The last response is being sent; then Lingering.
    Lingering,  // All is sent; waits until the client has read it and closes (RFC 9112 section 9.6).
    Closed,
  };
  enum class BodyState { None, Unread, Flowing, Paused, Complete };
  enum class ResponseState { None, Started, Finished };

  // Reading.
  void on_readable();
  void on_end_of_file();
  void client_left();
  std::string_view parse(std::string_view bytes);
  bool may_parse() const;
  void on_event(Http1Parser::Event event);
  void begin_exchange();
  void on_body_piece();
  void on_request_end();
  void refuse(const Http1Refusal& refusal);
  void resume();

  // Writing.
  void append_response_head(const Response& head, Http1Head::Framing framing, std::uint64_t length);
  void finish_response();
  void end_exchange();
  void report_exchange(bool complete);
  void flush();
  void linger();

  // After anything that happened: sends, reads on or not, sets the deadline.
  void settle();
  void update_read_interest();
  void update_deadline();
  void set_deadline(Instant at, metrics::Limit limit);
  void on_timer();
  void on_deadline();

  Server& server_;
  std::size_t place_;
  const net::Socket socket_;
  const net::Address peer_;
  mutable std::string peer_text_;  // Made when first asked for.

  State state_ = State::Idle;
  std::uint32_t requests_ = 0;
  Http1Parser parser_;
  std::string unparsed_;  // Read, but not yet to be parsed.
  bool read_closed_ = false;
  bool inside_parse_ = false;

  BodyState body_ = BodyState::None;
  std::uint64_t body_bytes_ = 0;
  ResponseState response_ = ResponseState::None;
  bool keep_alive_ = true;
  bool sends_body_ = true;  // Not for HEAD.
  Http1Head::Framing framing_ = Http1Head::Framing::None;
  std::uint64_t length_left_ = 0;  // With Framing::Length: of what was declared.
  std::uint16_t status_ = 0;
  std::uint64_t response_bytes_ = 0;
  metrics::Outcome outcome_ = metrics::Outcome::Error;
  std::string_view detail_;
  Instant begun_{};  // When the head was complete.
  std::unique_ptr<ExchangeTask> task_;
  bool was_congested_ = false;

  OutputQueue output_;

  Instant since_;        // Of the current state, or the last progress in it.
  Instant write_since_;  // The last progress in sending.
  std::optional<Instant> deadline_;
  metrics::Limit deadline_limit_ = metrics::Limit::IdleTimeout;
  Instant timer_at_{};

  // Last members, so first to go.
  event::Watch read_watch_;
  event::Watch write_watch_;
  event::Timer timer_;
  event::Deferred resume_;
};

}  // namespace edge::frontend
