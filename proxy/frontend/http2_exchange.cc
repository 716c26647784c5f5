#include "frontend/http2_exchange.h"

#include <algorithm>

#include "base/check.h"
#include "frontend/http1_head.h"
#include "frontend/http2_protocol.h"
#include "frontend/server.h"

namespace edge::frontend {
namespace {

// More than this waiting, and nothing further is asked for until the client has taken some.
constexpr std::size_t kPendingHigh = 64 * 1024;
constexpr std::size_t kPendingLow = 16 * 1024;

}  // namespace

const net::Ip& Http2Exchange::client() const { return record_.client(protocol_.connection()); }
std::string_view Http2Exchange::client_address() const { return record_.client_text(protocol_.connection()); }
RequestId Http2Exchange::request_id() { return record_.request_id(protocol_.connection(), request()); }
std::string Http2Exchange::client_subject() const { return protocol_.connection().client_subject(); }
event::EventLoop& Http2Exchange::loop() { return protocol_.server().loop(); }

void Http2Exchange::begin(std::int32_t id, std::size_t place) {
  id_ = id;
  place_ = place;
  has_started_ = is_answered_ = is_closed_ = has_had_task_ = is_malformed_ = false;
  request_.clear();
  record_ = {};
  request_ended_ = false;
  body_ = BodyState::None;
  received_bytes_ = body_bytes_ = 0;
  response_ = ResponseState::None;
  sends_body_ = true;
  length_left_.reset();
  was_congested_ = false;
  since_ = record_.begun = loop().now();
}

// ---- The request ----

void Http2Exchange::start() {
  has_started_ = true;
  since_ = record_.begun = loop().now();
  const auto refusal = request_.complete();
  const bool is_empty = (request_ended_ && incoming_.empty()) || body_length() == 0;
  body_ = is_empty ? BodyState::None : BodyState::Unread;
  sends_body_ = request().method != http::Method::Head;
  if (is_closed_) return;  // Broken off as soon as it was sent.
  if (refusal) return refuse(*refusal);
  if (body_length().value_or(0) > protocol_.server().options().body_bytes_max) return refuse(kBodyTooLarge);
  if (record_.identify(protocol_.connection(), request())) {
    task_ = protocol_.server().handler().start(*this);
  } else {
    respond_refusal(*this, kClientDenied);
  }
  has_had_task_ = task_ != nullptr;
  EDGE_CHECK(task_ || response_ == ResponseState::Finished || is_closed_);
}

void Http2Exchange::deliver_body() {
  if (response_ == ResponseState::Finished) {
    // Nobody wants it any more.
    protocol_.session().consume(id_, incoming_.size());
    return incoming_.clear();
  }
  if (body_ != BodyState::Flowing) return;
  if (!incoming_.empty()) {
    const std::string piece = std::exchange(incoming_, {});
    since_ = loop().now();
    body_bytes_ += piece.size();
    protocol_.server().metrics().request_body_bytes.add(piece.size());
    protocol_.session().consume(id_, piece.size());
    if (body_bytes_ > protocol_.server().options().body_bytes_max) return refuse(kBodyTooLarge);
    if (task_) task_->on_body(piece);
  }
  if (!request_ended_ || !incoming_.empty() || body_ == BodyState::Complete) return;
  body_ = BodyState::Complete;
  if (task_) task_->on_body_end();
}

// Answers in the handler's place.
void Http2Exchange::refuse(const Refusal& refusal) {
  count_refusal(refusal, protocol_.server().metrics());
  if (task_) loop().destroy_later(std::move(task_));
  if (!may_respond()) return abort();
  respond_refusal(*this, refusal);
}

void Http2Exchange::read_body() {
  if (is_closed_ || (body_ != BodyState::Unread && body_ != BodyState::Paused)) return;
  if (body_ == BodyState::Unread && request_.expects_continue() && may_respond()) {
    protocol_.session().send_interim(id_, 100, {});
  }
  body_ = BodyState::Flowing;
  since_ = loop().now();
  protocol_.schedule_body(*this);
}

void Http2Exchange::pause_body() {
  if (body_ == BodyState::Flowing) body_ = BodyState::Paused;
}

// ---- The response ----

void Http2Exchange::send_interim(std::uint16_t status, std::string_view fields) {
  if (!may_respond() || protocol_.is_congested()) return;
  protocol_.session().send_interim(id_, status, fields);
  protocol_.connection().schedule();
}

void Http2Exchange::send_head(const Response& head, std::optional<std::uint64_t> length, bool has_body) {
  response_ = ResponseState::Started;
  since_ = loop().now();
  record_.status = head.status;
  protocol_.session().respond(id_,
                              {.status = head.status,
                               .fields = head.fields,
                               .more_fields = head.more_fields,
                               .date = head.has_date ? std::string_view{} : protocol_.server().date(),
                               .content_length = length,
                               // What keeps the body until it is sent keeps them as well.
                               .keeps_fields = has_body && head.owner},
                              has_body ? this : nullptr);
  protocol_.connection().schedule();
}

void Http2Exchange::respond(const Response& response) {
  if (!may_respond()) return;
  const bool allowed = status_allows_body(response.status);
  const bool has_body = allowed && sends_body_ && !response.body.empty();
  if (has_body && response.owner) {
    outgoing_.append_shared(response.body, response.owner);
  } else if (has_body) {
    outgoing_.append_copy(response.body);
  }
  send_head(response, allowed ? std::optional<std::uint64_t>(response.body.size()) : std::nullopt, has_body);
  end_response();
}

void Http2Exchange::start_response(const Response& head, std::optional<std::uint64_t> length) {
  if (!may_respond()) return;
  const bool allowed = status_allows_body(head.status);
  sends_body_ = sends_body_ && allowed;
  length_left_ = length;
  send_head(head, allowed ? length : std::nullopt, sends_body_);
}

void Http2Exchange::write(std::string_view piece, Ref<const Shared> owner) {
  if (is_closed_ || response_ != ResponseState::Started || !sends_body_) return;
  if (length_left_) {
    // More than was declared would make the message malformed.
    piece = piece.substr(0, *length_left_);
    *length_left_ -= piece.size();
  }
  if (piece.empty()) return;
  if (outgoing_.empty()) since_ = loop().now();
  owner ? outgoing_.append_shared(piece, std::move(owner)) : outgoing_.append_copy(piece);
  if (is_congested()) was_congested_ = true;
  protocol_.session().resume_body(id_);
  protocol_.connection().schedule();
}

void Http2Exchange::finish() {
  if (is_closed_ || response_ != ResponseState::Started) return;
  if (sends_body_ && length_left_.value_or(0) != 0) return abort();
  if (sends_body_) protocol_.session().resume_body(id_);
  end_response();
  protocol_.connection().schedule();
}

void Http2Exchange::end_response() {
  response_ = ResponseState::Finished;
  if (task_) loop().destroy_later(std::move(task_));
}

void Http2Exchange::abort() {
  if (is_closed_) return;
  protocol_.session().reset(id_, Http2Error::Internal);
  protocol_.connection().schedule();
}

bool Http2Exchange::is_congested() const { return outgoing_.size() >= kPendingHigh; }

Http2Exchange::Offer Http2Exchange::offer(std::size_t max) const {
  const std::size_t bytes = std::min(max, outgoing_.size());
  return {bytes, response_ == ResponseState::Finished && bytes == outgoing_.size()};
}

void Http2Exchange::move_body(std::size_t bytes, OutputQueue& out) {
  since_ = loop().now();
  protocol_.note_body_moved(since_);
  outgoing_.move_to(out, bytes);
}

bool Http2Exchange::take_writable() {
  if (!was_congested_ || outgoing_.size() > kPendingLow) return false;
  was_congested_ = false;
  return true;
}

void Http2Exchange::set_outcome(metrics::Outcome outcome, std::string_view detail) {
  record_.outcome = outcome;
  record_.detail = detail;
}

// ---- Its end ----

std::size_t Http2Exchange::release() {
  is_closed_ = true;
  if (task_) loop().destroy_later(std::move(task_));
  if (is_reusable()) request_.clear();
  if (!outgoing_.empty()) outgoing_ = {};  // An empty one keeps its room.
  return std::exchange(incoming_, {}).size();
}

bool Http2Exchange::is_head_late(Instant now) const {
  return !has_started_ && !is_closed_ && now - since_ >= protocol_.server().options().header_timeout;
}

// Behind others that the client takes, it is not the client's fault.
bool Http2Exchange::is_stuck(Instant now) const {
  const auto timeout = protocol_.server().options().write_timeout;
  if (outgoing_.empty() || now - since_ < timeout) return false;
  return protocol_.session().is_window_shut(id_) || now - protocol_.body_moved_at() >= timeout;
}

void Http2Exchange::check_deadlines(Instant now) {
  if (is_closed_) return;
  if (is_stuck(now)) {
    protocol_.server().metrics().limit_reached(metrics::Limit::WriteTimeout);
    protocol_.session().reset(id_, Http2Error::Cancel);
  } else if (body_ == BodyState::Flowing && outgoing_.empty() &&
             now - since_ >= protocol_.server().options().body_timeout) {
    refuse(kBodyTooSlow);
  }
}

}  // namespace edge::frontend
