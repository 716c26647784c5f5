// HTTP/1 on a connection: reads requests, hands them to the handler one after the other, writes the responses in order.
//
// Requests that come pipelined are answered in one write where the handler answers them at once. While an exchange
// takes time, what follows it stays unparsed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "frontend/connection.h"
#include "frontend/exchange.h"
#include "frontend/exchange_record.h"
#include "frontend/http1_head.h"
#include "frontend/http1_parser.h"
#include "frontend/protocol.h"

namespace edge::frontend {

class Http1Protocol final : public Protocol, public Exchange {
 public:
  explicit Http1Protocol(Connection& connection);
  ~Http1Protocol() override;

  void on_bytes(std::string_view bytes) override;
  void resume() override;
  void prepare_output() override;
  void on_sent() override;
  bool wants_bytes() const override;
  std::optional<Deadline> deadline() const override;
  void on_deadline(metrics::Limit limit) override;
  bool is_busy() const override { return state_ == State::Exchange; }
  void drain() override;
  void cut_off() override;
  void on_closed(bool client_left) override;

  const http::RequestHead& request() const override { return parser_.head(); }
  const net::Ip& client() const override { return record_.client(connection_); }
  std::string_view client_address() const override { return record_.client_text(connection_); }
  RequestId request_id() override { return record_.request_id(connection_, parser_.head()); }
  std::string client_subject() const override { return connection_.client_subject(); }
  event::EventLoop& loop() override;
  void send_interim(std::uint16_t status, std::string_view fields) override;
  void respond(const Response& response) override;
  void start_response(const Response& head, std::optional<std::uint64_t> length) override;
  void write(std::string_view piece, Ref<const Shared> owner) override;
  void finish() override;
  void abort() override;
  bool take_back() override;
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
    Idle,      // Between requests, or before the first.
    Head,      // Some bytes of a request have come.
    Exchange,  // The handler has it.
    Ended,     // Nothing further is parsed.
  };
  enum class BodyState { None, Unread, Flowing, Paused, Complete };
  enum class ResponseState { None, Started, Finished };

  // Reading.
  std::string_view parse(std::string_view bytes);
  bool may_parse() const;
  void on_event(Http1Parser::Event event);
  void begin_exchange();
  void on_body_piece();
  void on_request_end();
  void refuse(const Refusal& refusal);

  // Writing.
  void append_response_head(const Response& head, Http1Head::Framing framing, std::uint64_t length);
  void finish_response();
  void end_exchange();
  void end();

  Connection& connection_;
  Server& server_;
  OutputQueue& output_;

  State state_ = State::Idle;
  std::uint32_t requests_ = 0;
  Http1Parser parser_;
  std::string unparsed_;  // Read, but not yet to be parsed.
  bool inside_parse_ = false;

  BodyState body_ = BodyState::None;
  std::uint64_t body_bytes_ = 0;
  ResponseState response_ = ResponseState::None;
  std::uint64_t response_at_ = 0;  // Where it begins in the output.
  bool keep_alive_ = true;
  bool sends_body_ = true;  // Not for HEAD.
  Http1Head::Framing framing_ = Http1Head::Framing::None;
  std::uint64_t length_left_ = 0;  // With Framing::Length: of what was declared.
  ExchangeRecord record_;
  std::unique_ptr<ExchangeTask> task_;
  bool was_congested_ = false;

  Instant since_;  // Of the current state, or the last progress in it.
};

}  // namespace edge::frontend
