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
  switch (error) {
    case http::ProxyError::DnsError:
    case http::ProxyError::DestinationUnavailable:
    case http::ProxyError::ConnectionRefused:
    case http::ProxyError::ConnectionTimeout:
    case http::ProxyError::TlsCertificateError:
    case http::ProxyError::TlsProtocolError:
      return metrics::OriginEnd::ConnectError;
    case http::ProxyError::ConnectionReadTimeout:
    case http::ProxyError::HttpResponseTimeout:
      return metrics::OriginEnd::Timeout;
    case http::ProxyError::ConnectionLimitReached:
    case http::ProxyError::HttpRequestError:
      return metrics::OriginEnd::Refused;
    case http::ProxyError::ConnectionTerminated:
    case http::ProxyError::HttpResponseIncomplete:
    case http::ProxyError::HttpProtocolError:
    case http::ProxyError::HttpResponseBodySize:
    case http::ProxyError::ProxyInternalError:
      return metrics::OriginEnd::ProtocolError;
  }
  EDGE_CHECK(false);
}

}  // namespace

Call::Call(event::EventLoop& loop, CurlMulti& multi, metrics::WorkerMetrics& metrics, CallOwner& owner)
    : loop_(loop), multi_(multi), metrics_(metrics), owner_(owner) {}

Call::~Call() { multi_.forget(*this); }

void Call::begin(FetchRequest request, FetchObserver& observer, const CallLimits& limits) {
  EDGE_CHECK(state_ == State::Spare && !is_acting_);
  request_ = std::move(request);
  observer_ = &observer;
  limits_ = limits;
  started_at_ = loop_.now();
  upload_ = Upload{request_.body_length};
  is_paused_ = is_head_delivered_ = is_drain_owed_ = false;
  mode_ = BodyMode::Stream;
  tried_.clear();
  refusal_.reset();
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
  EDGE_CHECK(start_transfer());
}

void Call::refuse(http::ProxyError error, std::string detail) {
  if (state_ == State::Queued) metrics_.origin_queued.subtract();
  if (state_ != State::Running) metrics_.origin_request_started();
  state_ = State::Failing;
  refusal_ = FetchError{.error = error, .detail = std::move(detail), .may_have_arrived = has_whole_request_been_sent()};
  multi_.wake(*this);
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
  multi_.forget(*this);
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
  if (transfer_->head().is_complete()) {
    refuse(http::ProxyError::ConnectionReadTimeout, authority + ": the response took too long");
  } else if (transfer_->was_request_sent()) {
    refuse(http::ProxyError::HttpResponseTimeout, authority + ": no response in time");
  } else {
    owner_.eject(tried_.back());
    if (loop_.now() < std::min(limits_.first_byte_deadline, limits_.total_deadline) && try_elsewhere()) return;
    refuse(http::ProxyError::ConnectionTimeout, authority + ": no connection in time");
  }
}

void Call::resume() {
  if (!is_paused_) return;
  is_paused_ = false;
  multi_.wake(*this);
}

void Call::send_body(std::string_view piece) {
  if (piece.empty()) return;
  upload_.append(piece);
  is_drain_owed_ = true;
  multi_.wake(*this);
}

void Call::end_body() {
  upload_.end();
  multi_.wake(*this);
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
    owner_.eject(tried_.back());
    if (try_elsewhere()) return;
  }
  if (transfer_->head().has_interim()) deliver_interim();
  if (!is_abandoned() && !is_head_delivered_ && transfer_->head().is_complete()) deliver_head();
  if (!is_abandoned() && is_head_delivered_) deliver_body();
  if (!is_abandoned()) transfer_->continue_where_possible();
  if (!is_abandoned()) deliver_upload_drained();
  if (!is_abandoned()) deliver_end();
}

// Only after a connection could not be made: then nothing of the request has been sent, whatever its method.
bool Call::try_elsewhere() {
  if (upload_.was_begun()) return false;
  return start_transfer();
}

bool Call::start_transfer() {
  OriginUrlRef url = owner_.find_next_url(tried_);
  if (url == nullptr) return false;
  tried_.push_back(url);
  if (transfer_) multi_.give_back(std::move(transfer_));
  transfer_ = multi_.take_transfer();
  connect_deadline_ = loop_.now() + limits_.connect_timeout;
  transfer_->start(TransferJob{.url = std::move(url),
                               .request = request_,
                               .upload = request_.has_body ? &upload_ : nullptr,
                               .collect_bytes_max = limits_.collect_bytes_max},
                   *this);
  return true;
}

void Call::deliver_interim() {
  for (const InterimHead& interim : transfer_->take_interim()) {
    observer_->on_interim({.status = interim.status, .fields = http::parse_lines(interim.lines)});
    if (is_abandoned()) return;
  }
}

void Call::deliver_head() {
  is_head_delivered_ = true;
  owner_.readmit(tried_.back());
  const http::ResponseHead& head = transfer_->head().head();
  status_ = head.status;
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
  if (std::max(known, transfer_->body_length().value_or(0)) <= limits_.collect_bytes_max) return;
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
  leave(end_of_status(status_));
  observer_->on_end();
}

void Call::end_with_error(const FetchError& error) {
  leave(end_of_error(error.error));
  observer_->on_error(error);
}

// Frees the place before the observer hears of the end: it may start the next fetch at once.
void Call::leave(metrics::OriginEnd end) {
  if (state_ == State::Spare || state_ == State::Ended) return;
  metrics_.origin_request_ended(end, loop_.now() - started_at_);
  state_ = State::Ended;
  if (transfer_) multi_.give_back(std::move(transfer_));
  owner_.on_call_ended(*this);
}

bool Call::has_whole_request_been_sent() const {
  return transfer_ && transfer_->was_request_sent() && (!request_.has_body || upload_.is_complete());
}

}  // namespace edge::origin
