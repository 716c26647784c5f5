// One request and its response on a connection of HTTP/2: a stream of RFC 9113 section 5.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "frontend/exchange.h"
#include "frontend/exchange_record.h"
#include "frontend/http2_request.h"
#include "frontend/output_queue.h"

namespace edge::frontend {

class Http2Protocol;

// Owned by its protocol, which uses it again for later requests. Loop's thread only.
class Http2Exchange final : public Exchange {
 public:
  explicit Http2Exchange(Http2Protocol& protocol) : protocol_(protocol) {}

  // ---- For its protocol ----
  void begin(std::int32_t id, std::size_t place);
  std::int32_t id() const { return id_; }
  std::size_t place() const { return place_; }
  void set_place(std::size_t place) { place_ = place; }
  ExchangeRecord& record() { return record_; }

  // Notes of what has come. False, here and below: it makes the request malformed (RFC 9113 section 8.1.1).
  bool add_field(std::string_view name, std::string_view value, const RequestLimits& limits) {
    return request_.add(name, value, limits);
  }
  bool end_fields() const { return request_.end_fields(); }
  bool add_trailer(std::string_view name, std::string_view value) const { return request_.add_trailer(name, value); }
  std::optional<Http2Priority> priority() const { return request_.priority(); }
  // Whether so much of a body may come, and whether it may end.
  bool count_body(std::size_t bytes) {
    received_bytes_ += bytes;
    return received_bytes_ <= body_length().value_or(received_bytes_);
  }
  bool may_body_end() const { return received_bytes_ == body_length().value_or(received_bytes_); }
  // True the first time.
  bool note_malformed() { return !std::exchange(is_malformed_, true); }
  void note_body(std::string_view piece) { incoming_ += piece; }
  void note_end() { request_ended_ = true; }
  void note_sent(std::size_t bytes) { record_.bytes += bytes; }
  void note_answered() { is_answered_ = true; }
  void note_closed() { is_closed_ = true; }
  // Whether all of the answer has been sent.
  bool is_answered() const { return is_answered_; }
  bool is_closed() const { return is_closed_; }
  bool has_request_ended() const { return request_ended_; }

  // The head has come: answers it.
  void start();
  bool has_started() const { return has_started_; }
  // Whether the head has not come in time.
  bool is_head_late(Instant now) const;
  // Hands on what has come of the body, where it may.
  void deliver_body();
  // The stream is closed. What came and nobody read.
  std::size_t release();
  // Whether it may serve another request: not where a task may still look at this one, until the turn is over.
  bool is_reusable() const { return !has_had_task_; }
  // What has waited for too long by `now`.
  void check_deadlines(Instant now);

  struct Offer {
    std::size_t bytes;
    bool is_last;
  };
  // Of the response's body: how much could go now, `max` at most, and whether that is all.
  Offer offer(std::size_t max) const;
  // Moves so much of it to `out`; shared bytes are not copied.
  void move_body(std::size_t bytes, OutputQueue& out);
  // True once, when a congested response may go on.
  bool take_writable();
  void on_writable() {
    if (task_) task_->on_writable();
  }

  // ---- Exchange ----
  const http::RequestHead& request() const override { return request_.head(); }
  const net::Ip& client() const override;
  std::string_view client_address() const override;
  RequestId request_id() override;
  std::string client_subject() const override;
  event::EventLoop& loop() override;
  void send_interim(std::uint16_t status, std::string_view fields) override;
  void respond(const Response& response) override;
  void start_response(const Response& head, std::optional<std::uint64_t> length) override;
  void write(std::string_view piece, Ref<const Shared> owner) override;
  void finish() override;
  void abort() override;
  // Its head is out of reach; but a stream that is reset says why, and harms no other.
  bool take_back() override { return false; }
  bool is_congested() const override;
  bool has_response_started() const override { return response_ != ResponseState::None; }
  bool has_body() const override { return body_ != BodyState::None; }
  std::optional<std::uint64_t> body_length() const override { return request_.body_length(); }
  void read_body() override;
  void pause_body() override;
  void set_outcome(metrics::Outcome outcome, std::string_view detail) override;

 private:
  enum class BodyState { None, Unread, Flowing, Paused, Complete };
  enum class ResponseState { None, Started, Finished };

  bool may_respond() const { return !is_closed_ && response_ == ResponseState::None; }
  void send_head(const Response& head, std::optional<std::uint64_t> length, bool has_body);
  void refuse(const Refusal& refusal);
  void end_response();
  bool is_stuck(Instant now) const;

  Http2Protocol& protocol_;
  std::int32_t id_ = 0;
  std::size_t place_ = 0;  // Among the protocol's exchanges.
  bool has_started_ = false;
  bool is_answered_ = false;
  bool is_closed_ = false;
  bool has_had_task_ = false;
  bool is_malformed_ = false;
  Http2Request request_;
  ExchangeRecord record_;
  std::unique_ptr<ExchangeTask> task_;

  bool request_ended_ = false;
  BodyState body_ = BodyState::None;
  std::string incoming_;              // Of the request's body; the client's window bounds it.
  std::uint64_t received_bytes_ = 0;  // Of it, in all.
  std::uint64_t body_bytes_ = 0;      // Of it, handed on.

  ResponseState response_ = ResponseState::None;
  bool sends_body_ = true;                    // Not for HEAD.
  std::optional<std::uint64_t> length_left_;  // Of what was declared.
  OutputQueue outgoing_;                      // Of the response's body.
  bool was_congested_ = false;

  Instant since_{};  // The last progress.
};

}  // namespace edge::frontend
