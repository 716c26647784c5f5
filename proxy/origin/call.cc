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
    case Verdict::BadStatus:
    case Verdict::Answered:
    case Verdict::Complete:
      break;
  }
  return metrics::OriginEnd::ProtocolError;
}

}  // namespace

Call::Call(event::EventLoop& loop, Carrier& alone, metrics::WorkerMetrics& metrics, CallOwner& owner)
    : loop_(loop),
      alone_(alone),
      metrics_(metrics),
      owner_(owner),
      attempt_(std::make_unique<Attempt>(static_cast<AttemptOwner&>(*this), alone)) {}

void Call::begin(FetchRequest request, FetchObserver& observer, const CallLimits& limits) {
  EDGE_CHECK(state_ == State::Spare && !is_acting_);
  request_ = std::move(request);
  observer_ = &observer;
  limits_ = limits;
  started_at_ = clock_from_ = loop_.now();
  upload_ = Upload{request_.body_length};
  is_paused_ = is_head_delivered_ = is_drain_owed_ = was_hedged_ = was_tried_again_ = false;
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
  begin_attempt(*attempt_, owner_.find_first_url());
}

void Call::refuse(http::ProxyError error, std::string detail, std::optional<std::chrono::seconds> retry_after) {
  if (state_ == State::Queued) metrics_.origin_queued.subtract();
  if (state_ != State::Running) metrics_.origin_request_started();
  state_ = State::Failing;
  refusal_ = FetchError{.error = error,
                        .detail = std::move(detail),
                        .may_have_arrived = has_whole_request_been_sent(),
                        .retry_after = retry_after};
  attempt_->wake();
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
  attempt_->end();
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
      // Whatever its client sends meanwhile.
      return started_at_ + std::min(limits_.first_byte_timeout, limits_.total_timeout);
    case State::Running:
      break;
  }
  const Instant due = deadline_of(*attempt_);
  if (is_racing()) return std::min(due, deadline_of(*hedge_));
  return may_hedge() ? std::min(due, attempt_->begun_at() + limits_.hedge_after) : due;
}

Instant Call::deadline_of(const Attempt& attempt) const {
  const Transfer& transfer = attempt.transfer();
  if (transfer.is_over()) return Instant::max();
  if (transfer.head().is_complete()) return clock_from_ + limits_.total_timeout;
  if (transfer.was_request_sent() && awaits_client()) return Instant::max();
  return transfer.was_request_sent() ? answer_deadline() : std::min(answer_deadline(), attempt.connect_deadline());
}

void Call::expire() {
  if (state_ == State::Queued) {
    metrics_.limit_reached(metrics::Limit::OriginQueue);
    return refuse(http::ProxyError::ConnectionLimitReached, "no place became free in time");
  }
  if (may_hedge() && loop_.now() >= attempt_->begun_at() + limits_.hedge_after) return hedge();
  if (is_racing() && expire_race()) return;
  const Transfer& transfer = attempt_->transfer();
  const std::string& authority = attempt_->url()->authority;
  // As a connection of one request ends with it, so must others not have to wait for one that may be dead.
  if (transfer.was_request_sent()) owner_.distrust(attempt_->carrier());
  if (transfer.head().is_complete()) {
    refuse(http::ProxyError::ConnectionReadTimeout, authority + ": the response took too long");
  } else if (transfer.was_request_sent()) {
    refuse(http::ProxyError::HttpResponseTimeout, authority + ": no response in time");
  } else {
    note_attempt(*attempt_, Verdict::Unreachable);
    if (loop_.now() < answer_deadline() && try_elsewhere(metrics::OriginRetry::Unreachable)) return;
    refuse(http::ProxyError::ConnectionTimeout, authority + ": no connection in time");
  }
}

// Its silence is not the origin's; whoever reads from it has a limit for that.
bool Call::awaits_client() const {
  return request_.has_body && !upload_.has_ended() && !upload_.is_complete() && upload_.waiting_bytes() == 0;
}

void Call::note_upload_moved() {
  clock_from_ = loop_.now();
  owner_.expire_by(deadline());
}

void Call::resume() {
  if (!is_paused_) return;
  is_paused_ = false;
  attempt_->wake();
}

void Call::send_body(std::string_view piece) {
  if (piece.empty()) return;
  upload_.append(piece);
  is_drain_owed_ = true;
  note_upload_moved();
  attempt_->wake();
}

void Call::end_body() {
  upload_.end();
  note_upload_moved();
  attempt_->wake();
}

void Call::on_noted() {
  is_acting_ = true;
  step();
  is_acting_ = false;
  if (is_abandoned()) abandon();
}

// Everything that the transfer has noted, told in the order in which it happened.
void Call::step() {
  if (state_ == State::Failing) return end_with_error(*refusal_);
  if (state_ != State::Running) return;
  if (is_racing() && !settle_race()) return;
  Transfer& transfer = attempt_->transfer();
  if (transfer.is_over() && transfer.failure() && transfer.failure()->is_connect_failure) {
    note_attempt(*attempt_, Verdict::Unreachable);
    if (try_elsewhere(metrics::OriginRetry::Unreachable)) return;
  }
  if (transfer.head().has_interim()) deliver_interim();
  if (!is_abandoned() && must_ask_alone() && ask_alone()) return;
  if (!is_abandoned() && has_failed_safely() && try_again()) return;
  if (!is_abandoned() && !is_head_delivered_ && transfer.head().is_complete()) deliver_head();
  if (!is_abandoned() && is_head_delivered_) deliver_body();
  if (!is_abandoned()) transfer.continue_where_possible();
  if (!is_abandoned()) deliver_upload_drained();
  if (!is_abandoned()) deliver_end();
}

// Only after a connection could not be made: then nothing of the request has been sent, whatever its method.
bool Call::try_elsewhere(metrics::OriginRetry why) {
  if (upload_.was_begun()) return false;
  OriginUrlRef url = owner_.find_other_url(tried_, why);
  if (url == nullptr) return false;
  begin_attempt(*attempt_, std::move(url));
  owner_.expire_by(deadline());  // That of the connection, again.
  return true;
}

// Whether a further attempt may do better and can do no harm: a GET may be sent again (RFC 9110 section 9.2.2), and
// nothing of an answer has been handed on. A late answer is not worth it: the time is over.
bool Call::has_failed_safely() const {
  if (was_tried_again_ || is_head_delivered_ || !may_be_sent_twice()) return false;
  const auto verdict = try_judge(*attempt_);
  return verdict == Verdict::Failed || verdict == Verdict::BadStatus;
}

// What an attempt of which nothing has been handed on says of its URL, once that is certain.
std::optional<Verdict> Call::try_judge(const Attempt& attempt) const {
  const Transfer& transfer = attempt.transfer();
  if (transfer.head().is_complete()) return judge_status(transfer.head().head().status, limits_.any_5xx_is_failure);
  if (!transfer.is_over()) return std::nullopt;
  return judge_error(transfer.failure()->error);
}

// Once, at another URL, and only where as much time is left as this attempt took; the next will hardly be quicker. The
// answer of this one is given up, although it may be a better one than that of the next.
bool Call::try_again() {
  const Verdict verdict = *try_judge(*attempt_);
  const Instant now = loop_.now();
  if (now + (now - attempt_->begun_at()) > answer_deadline()) return false;
  OriginUrlRef url = owner_.find_other_url(tried_, metrics::OriginRetry::Failed);
  if (url == nullptr) return false;
  was_tried_again_ = true;
  note_attempt(*attempt_, verdict);
  begin_attempt(*attempt_, std::move(url));
  owner_.expire_by(deadline());  // That of the connection, again.
  return true;
}

// What went over a shared connection is a GET, and may be sent again (RFC 9110 section 9.2.2): where nothing came of
// it, whatever became of the connection (RFC 9113 section 8.7 names the cases in which it surely may), and where what
// comes cannot be used. Once, since a transfer with a connection of its own ends as it ends.
bool Call::must_ask_alone() const {
  if (!attempt_->carrier().shares_connections() || is_head_delivered_) return false;
  if (attempt_->transfer().head().is_complete()) return !attempt_->transfer().is_usable();
  return attempt_->has_lost_shared_connection();
}

// Where nothing came, that is a further attempt like others. But an answer that cannot be used is no failure: if it
// were not asked for once more, nobody would get that picture from an origin that is well.
bool Call::ask_alone() {
  if (!owner_.may_ask_alone(attempt_->transfer().head().is_complete())) {
    was_tried_again_ = true;  // Nor at another URL, for the same reason.
    return false;
  }
  begin_transfer(*attempt_, attempt_->url(), false);
  owner_.expire_by(deadline());  // That of the connection, again.
  return true;
}

void Call::note_attempt(const Attempt& attempt, Verdict verdict) {
  owner_.note_attempt(attempt, request_.target, verdict);
}

void Call::begin_attempt(Attempt& attempt, OriginUrlRef url) {
  tried_.push_back(url);
  begin_transfer(attempt, url, request_.may_share_connection);
}

void Call::begin_transfer(Attempt& attempt, const OriginUrlRef& url, bool shares) {
  const Instant now = loop_.now();
  attempt.begin(owner_.carrier_for(url, may_be_sent_twice(), shares),
                TransferJob{.url = url,
                            .request = request_,
                            .upload = request_.has_body ? &upload_ : nullptr,
                            .collect_bytes_max = limits_.collect_bytes_max},
                now, now + limits_.connect_timeout);
}

void Call::deliver_interim() {
  for (const InterimHead& interim : attempt_->transfer().take_interim()) {
    observer_->on_interim({.status = interim.status, .fields = http::parse_lines(interim.lines)});
    if (is_abandoned()) return;
  }
}

void Call::deliver_head() {
  is_head_delivered_ = true;
  const http::ResponseHead& head = attempt_->transfer().head().head();
  status_ = head.status;
  const Verdict verdict = judge_status(status_, limits_.any_5xx_is_failure);
  note_attempt(*attempt_, verdict);
  owner_.note_fetch(*this, verdict);
  mode_ = observer_->on_head(head);
  if (is_abandoned() || mode_ == BodyMode::Stream) return;
  attempt_->transfer().set_body_bytes_max(limits_.collect_bytes_max);
}

void Call::deliver_body() {
  if (mode_ == BodyMode::Collect) deliver_collected();
  if (!is_abandoned() && mode_ == BodyMode::Stream) deliver_streamed();
}

// Tells of an overflow as soon as it is certain.
void Call::deliver_collected() {
  const std::uint64_t known = attempt_->transfer().body().size() + attempt_->transfer().held_back_bytes();
  if (std::max(known, attempt_->transfer().body_length().value_or(0)) <= limits_.collect_bytes_max) {
    if (!attempt_->transfer().failure()) observer_->on_collected(attempt_->transfer().body());
    return;
  }
  mode_ = observer_->on_collect_overflow();
  if (is_abandoned()) return;
  limits_.collect_bytes_max = UINT64_MAX;  // Told once.
  attempt_->transfer().set_body_bytes_max(mode_ == BodyMode::Stream ? Transfer::kStreamBytesMax : UINT64_MAX);
}

void Call::deliver_streamed() {
  if (is_paused_ || attempt_->transfer().body().empty()) return;
  observer_->on_body(attempt_->transfer().body().view());
  if (!is_abandoned()) attempt_->transfer().body().clear();
}

void Call::deliver_upload_drained() {
  if (!is_drain_owed_ || upload_.waiting_bytes() > 0 || attempt_->transfer().is_over()) return;
  is_drain_owed_ = false;
  note_upload_moved();
  observer_->on_upload_drained();
}

void Call::deliver_end() {
  if (!attempt_->transfer().is_over()) return;
  if (const auto& failure = attempt_->transfer().failure())
    return end_with_error(
        {.error = failure->error, .detail = failure->detail, .may_have_arrived = has_whole_request_been_sent()});
  if (mode_ == BodyMode::Collect) {
    body_ = std::move(attempt_->transfer().body());
  } else if (!attempt_->transfer().body().empty()) {
    return;  // Paused: resume() comes back here.
  }
  if (judge_status(status_, limits_.any_5xx_is_failure) == Verdict::Answered)
    note_attempt(*attempt_, Verdict::Complete);
  leave(end_of_status(status_));
  observer_->on_end();
}

void Call::end_with_error(const FetchError& error) {
  // An attempt without a connection has been noted.
  const Verdict verdict = attempt_->has_transfer() ? judge(error.error) : Verdict::Nothing;
  if (verdict == Verdict::Failed) note_attempt(*attempt_, verdict);
  if (verdict != Verdict::Nothing) owner_.note_fetch(*this, verdict);
  leave(end_of_error(error.error));
  observer_->on_error(error);
}

// Leaves out what may be our own doing, or the client's.
Verdict Call::judge(http::ProxyError error) const {
  switch (error) {
    case http::ProxyError::HttpResponseTimeout:
      // Most of its time was over before its turn came.
      return had_little_time(*attempt_) ? Verdict::Nothing : Verdict::Failed;
    case http::ProxyError::ConnectionReadTimeout:
      // What is streamed goes as slowly as the client takes it.
      return mode_ == BodyMode::Stream ? Verdict::Nothing : Verdict::Failed;
    default:
      return judge_error(error);
  }
}

bool Call::had_little_time(const Attempt& attempt) const {
  return loop_.now() - attempt.begun_at() < limits_.first_byte_timeout / 2;
}

// Frees the place before the observer hears of the end: it may start the next fetch at once.
void Call::leave(metrics::OriginEnd end) {
  if (state_ == State::Spare || state_ == State::Ended) return;
  metrics_.origin_request_ended(end, loop_.now() - started_at_);
  state_ = State::Ended;
  if (is_racing()) drop(*hedge_, Verdict::Nothing);
  attempt_->end();
  owner_.on_call_ended(*this);
}

bool Call::has_whole_request_been_sent() const {
  return attempt_->has_transfer() && attempt_->transfer().was_request_sent() &&
         (!request_.has_body || upload_.is_complete());
}

}  // namespace edge::origin
