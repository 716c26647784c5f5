#include "origin/call.h"

#include <algorithm>

#include "base/check.h"

namespace edge::origin {
namespace {

metrics::OriginEnd end_of_status(std::uint16_t status) {
  switch (status / 100) {
    case 2:
      return metrics::OriginEnd::Status2xx;
    case 3:
      return metrics::OriginEnd::Status3xx;
    case 4:
      return metrics::OriginEnd::Status4xx;
    default:
      return metrics::OriginEnd::Status5xx;
  }
}

metrics::OriginEnd end_of_error(http::ProxyError error) {
  if (error == http::ProxyError::ConnectionReadTimeout || error == http::ProxyError::HttpResponseTimeout)
    return metrics::OriginEnd::Timeout;
  if (error == http::ProxyError::ProxyInternalError) return metrics::OriginEnd::ProtocolError;
  switch (judge_error(error)) {
    case Verdict::Unreachable:
      return metrics::OriginEnd::ConnectError;
    case Verdict::Nothing:
      return metrics::OriginEnd::Refused;
    case Verdict::Failed:
    case Verdict::Answered:
    case Verdict::Complete:
      break;
  }
  return metrics::OriginEnd::ProtocolError;
}

}  // namespace

Call::Call(event::EventLoop& loop, CurlMulti& alone, metrics::WorkerMetrics& metrics, CallOwner& owner)
    : loop_(loop), alone_(alone), metrics_(metrics), owner_(owner), multi_(&alone) {}

Call::~Call() { multi_->forget(*this); }

void Call::begin(FetchRequest request, FetchObserver& observer, const CallLimits& limits) {
  EDGE_CHECK(state_ == State::Spare && !is_acting_);
  request_ = std::move(request);
  observer_ = &observer;
  limits_ = limits;
  started_at_ = loop_.now();
  upload_ = Upload{request_.body_length};
  is_paused_ = is_head_delivered_ = is_drain_owed_ = was_tried_again_ = false;
  mode_ = BodyMode::Stream;
  tried_.clear();
  refusal_.reset();
  ticket.reset();
  is_answered = false;
  body_ = Bytes{};
}

void Call::enqueue() {
  state_ = State::Queued;
  metrics_.origin_queued.add();
}

void Call::launch() {
  if (state_ == State::Queued) metrics_.origin_queued.subtract();
  state_ = State::Running;
  metrics_.origin_request_started();
  start_transfer(owner_.find_first_url());
}

void Call::refuse(http::ProxyError error, std::string detail, std::optional<std::chrono::seconds> retry_after) {
  if (state_ == State::Queued) metrics_.origin_queued.subtract();
  if (state_ != State::Running) metrics_.origin_request_started();
  state_ = State::Failing;
  refusal_ = FetchError{.error = error,
                        .detail = std::move(detail),
                        .may_have_arrived = has_whole_request_been_sent(),
                        .retry_after = retry_after};
  multi_->wake(*this);
}

void Call::abandon() {
  EDGE_CHECK(loop_.is_current());
  observer_ = nullptr;
  if (is_acting_) return;  // act() sees to the rest.
  if (state_ == State::Queued) {
    metrics_.origin_queued.subtract();
    metrics_.origin_request_started();
  }
  leave(metrics::OriginEnd::Cancelled);
  multi_->forget(*this);
  state_ = State::Spare;
  owner_.on_call_abandoned(*this);
}

Instant Call::deadline() const {
  switch (state_) {
    case State::Spare:
    case State::Failing:
    case State::Ended:
      return Instant::max();
    case State::Queued:
      return std::min(limits_.first_byte_deadline, limits_.total_deadline);
    case State::Running:
      break;
  }
  if (transfer_->is_over()) return Instant::max();
  if (transfer_->head().is_complete()) return limits_.total_deadline;
  const Instant answer = std::min(limits_.first_byte_deadline, limits_.total_deadline);
  return transfer_->was_request_sent() ? answer : std::min(answer, connect_deadline_);
}

void Call::expire() {
  if (state_ == State::Queued) {
    metrics_.limit_reached(metrics::Limit::OriginQueue);
    return refuse(http::ProxyError::ConnectionLimitReached, "no place became free in time");
  }
  const std::string& authority = tried_.back()->authority;
  // As a connection of one request ends with it, so must others not have to wait for one that may be dead.
  if (transfer_->was_request_sent()) owner_.distrust(*multi_);
  if (transfer_->head().is_complete()) {
    refuse(http::ProxyError::ConnectionReadTimeout, authority + ": the response took too long");
  } else if (transfer_->was_request_sent()) {
    refuse(http::ProxyError::HttpResponseTimeout, authority + ": no response in time");
  } else {
    owner_.note_attempt(tried_.back(), Verdict::Unreachable);
    if (loop_.now() < std::min(limits_.first_byte_deadline, limits_.total_deadline) &&
        try_elsewhere(metrics::OriginRetry::Unreachable))
      return;
    refuse(http::ProxyError::ConnectionTimeout, authority + ": no connection in time");
  }
}

void Call::resume() {
  if (!is_paused_) return;
  is_paused_ = false;
  multi_->wake(*this);
}

void Call::send_body(std::string_view piece) {
  if (piece.empty()) return;
  upload_.append(piece);
  is_drain_owed_ = true;
  multi_->wake(*this);
}

void Call::end_body() {
  upload_.end();
  multi_->wake(*this);
}

void Call::act() {
  is_acting_ = true;
  step();
  is_acting_ = false;
  if (is_abandoned()) abandon();
}

// Everything that the transfer has noted, told in the order in which it happened.
void Call::step() {
  if (state_ == State::Failing) return end_with_error(*refusal_);
  if (state_ != State::Running) return;
  if (transfer_->is_over() && transfer_->failure() && transfer_->failure()->is_connect_failure) {
    owner_.note_attempt(tried_.back(), Verdict::Unreachable);
    if (try_elsewhere(metrics::OriginRetry::Unreachable)) return;
  }
  if (transfer_->head().has_interim()) deliver_interim();
  if (!is_abandoned() && must_ask_alone()) return ask_alone();
  if (!is_abandoned() && has_failed_safely() && try_again()) return;
  if (!is_abandoned() && !is_head_delivered_ && transfer_->head().is_complete()) deliver_head();
  if (!is_abandoned() && is_head_delivered_) deliver_body();
  if (!is_abandoned()) transfer_->continue_where_possible();
  if (!is_abandoned()) deliver_upload_drained();
  if (!is_abandoned()) deliver_end();
}

// Only after a connection could not be made: then nothing of the request has been sent, whatever its method.
bool Call::try_elsewhere(metrics::OriginRetry why) {
  if (upload_.was_begun()) return false;
  OriginUrlRef url = owner_.find_other_url(tried_, why);
  if (url == nullptr) return false;
  start_transfer(std::move(url));
  owner_.expire_by(deadline());  // That of the connection, again.
  return true;
}

// Whether a further attempt may do better and can do no harm: a GET may be sent again (RFC 9110 section 9.2.2), and
// nothing of an answer has been handed on. A late answer is not worth it: the time is over.
bool Call::has_failed_safely() const {
  if (was_tried_again_ || is_head_delivered_ || request_.method != "GET" || request_.has_body) return false;
  if (transfer_->head().is_complete())
    return judge_status(transfer_->head().head().status, limits_.any_5xx_is_failure) == Verdict::Failed;
  return transfer_->is_over() && judge_error(transfer_->failure()->error) == Verdict::Failed;
}

// Once, at another URL, and only where as much time is left as this attempt took; the next will hardly be quicker. The
// answer of this one is given up, although it may be a better one than that of the next.
bool Call::try_again() {
  const Instant now = loop_.now();
  if (now + (now - attempted_at_) > std::min(limits_.first_byte_deadline, limits_.total_deadline)) return false;
  const OriginUrlRef failed = tried_.back();
  if (!try_elsewhere(metrics::OriginRetry::Failed)) return false;
  was_tried_again_ = true;
  owner_.note_attempt(failed, Verdict::Failed);
  return true;
}

// What went over a shared connection is a GET, and may be sent again (RFC 9110 section 9.2.2): where nothing came of
// it, whatever became of the connection (RFC 9113 section 8.7 names the cases in which it surely may), and where what
// comes cannot be used. Once, since a transfer with a connection of its own ends as it ends.
bool Call::must_ask_alone() const {
  if (!multi_->shares_connections() || is_head_delivered_) return false;
  if (transfer_->head().is_complete()) return !transfer_->is_usable();
  return transfer_->is_over() && !transfer_->head().has_begun() && !transfer_->failure()->is_connect_failure;
}

void Call::ask_alone() {
  begin_transfer(false);
  owner_.expire_by(deadline());  // That of the connection, again.
}

void Call::start_transfer(OriginUrlRef url) {
  tried_.push_back(std::move(url));
  begin_transfer(request_.may_share_connection && request_.method == "GET" && !request_.has_body);
}

void Call::begin_transfer(bool shares) {
  end_transfer();
  multi_ = &owner_.multi_for(tried_.back(), shares);
  transfer_ = multi_->take_transfer();
  attempted_at_ = loop_.now();
  connect_deadline_ = attempted_at_ + limits_.connect_timeout;
  transfer_->start(TransferJob{.url = tried_.back(),
                               .request = request_,
                               .upload = request_.has_body ? &upload_ : nullptr,
                               .collect_bytes_max = limits_.collect_bytes_max},
                   *this);
}

void Call::end_transfer() {
  multi_->forget(*this);
  if (transfer_) multi_->give_back(std::move(transfer_));
  multi_ = &alone_;
}

void Call::deliver_interim() {
  for (const InterimHead& interim : transfer_->take_interim()) {
    observer_->on_interim({.status = interim.status, .fields = http::parse_lines(interim.lines)});
    if (is_abandoned()) return;
  }
}

void Call::deliver_head() {
  is_head_delivered_ = true;
  const http::ResponseHead& head = transfer_->head().head();
  status_ = head.status;
  const Verdict verdict = judge_status(status_, limits_.any_5xx_is_failure);
  owner_.note_attempt(tried_.back(), verdict);
  owner_.note_fetch(*this, verdict);
  mode_ = observer_->on_head(head);
  if (is_abandoned() || mode_ == BodyMode::Stream) return;
  transfer_->set_body_bytes_max(limits_.collect_bytes_max);
}

void Call::deliver_body() {
  if (mode_ == BodyMode::Collect) deliver_collected();
  if (!is_abandoned() && mode_ == BodyMode::Stream) deliver_streamed();
}

// Tells of an overflow as soon as it is certain.
void Call::deliver_collected() {
  const std::uint64_t known = transfer_->body().size() + transfer_->held_back_bytes();
  if (std::max(known, transfer_->body_length().value_or(0)) <= limits_.collect_bytes_max) {
    if (!transfer_->failure()) observer_->on_collected(transfer_->body());
    return;
  }
  mode_ = observer_->on_collect_overflow();
  if (is_abandoned()) return;
  limits_.collect_bytes_max = UINT64_MAX;  // Told once.
  transfer_->set_body_bytes_max(mode_ == BodyMode::Stream ? CurlTransfer::kStreamBytesMax : UINT64_MAX);
}

void Call::deliver_streamed() {
  if (is_paused_ || transfer_->body().empty()) return;
  observer_->on_body(transfer_->body().view());
  if (!is_abandoned()) transfer_->body().clear();
}

void Call::deliver_upload_drained() {
  if (!is_drain_owed_ || upload_.waiting_bytes() > 0 || transfer_->is_over()) return;
  is_drain_owed_ = false;
  observer_->on_upload_drained();
}

void Call::deliver_end() {
  if (!transfer_->is_over()) return;
  if (const auto& failure = transfer_->failure())
    return end_with_error(
        {.error = failure->error, .detail = failure->detail, .may_have_arrived = has_whole_request_been_sent()});
  if (mode_ == BodyMode::Collect) {
    body_ = std::move(transfer_->body());
  } else if (!transfer_->body().empty()) {
    return;  // Paused: resume() comes back here.
  }
  if (judge_status(status_, limits_.any_5xx_is_failure) == Verdict::Answered)
    owner_.note_attempt(tried_.back(), Verdict::Complete);
  leave(end_of_status(status_));
  observer_->on_end();
}

void Call::end_with_error(const FetchError& error) {
  // An attempt without a connection has been noted.
  const Verdict verdict = transfer_ ? judge(error.error) : Verdict::Nothing;
  if (verdict == Verdict::Failed) owner_.note_attempt(tried_.back(), verdict);
  if (verdict != Verdict::Nothing) owner_.note_fetch(*this, verdict);
  leave(end_of_error(error.error));
  observer_->on_error(error);
}

// Leaves out what may be our own doing, or the client's.
Verdict Call::judge(http::ProxyError error) const {
  switch (error) {
    case http::ProxyError::HttpResponseTimeout: {
      // Most of its time was over before its turn came, or a client has not sent all of its body.
      const bool had_little_time = loop_.now() - attempted_at_ < limits_.first_byte_timeout / 2;
      return had_little_time || !has_whole_request_been_sent() ? Verdict::Nothing : Verdict::Failed;
    }
    case http::ProxyError::ConnectionReadTimeout:
      // What is streamed goes as slowly as the client takes it.
      return mode_ == BodyMode::Stream ? Verdict::Nothing : Verdict::Failed;
    default:
      return judge_error(error);
  }
}

// Frees the place before the observer hears of the end: it may start the next fetch at once.
void Call::leave(metrics::OriginEnd end) {
  if (state_ == State::Spare || state_ == State::Ended) return;
  metrics_.origin_request_ended(end, loop_.now() - started_at_);
  state_ = State::Ended;
  end_transfer();
  owner_.on_call_ended(*this);
}

bool Call::has_whole_request_been_sent() const {
  return transfer_ && transfer_->was_request_sent() && (!request_.has_body || upload_.is_complete());
}

}  // namespace edge::origin
