#include "frontend/http1_protocol.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/check.h"
#include "frontend/error_response.h"
#include "frontend/server.h"

namespace edge::frontend {
namespace {

// More than this in the queue and nothing further is parsed or asked for until the client has taken some.
constexpr std::size_t kOutputHigh = 256 * 1024;
constexpr std::size_t kOutputLow = 64 * 1024;
// Requests that wait behind one under way; a client that sends more finds its window closed.
constexpr std::size_t kUnparsedMax = 64 * 1024;

}  // namespace

Http1Protocol::Http1Protocol(Connection& connection)
    : connection_(connection),
      server_(connection.server()),
      output_(connection.output()),
      parser_(server_.request_limits()),
      since_(server_.loop().now()) {}

Http1Protocol::~Http1Protocol() = default;

event::EventLoop& Http1Protocol::loop() { return server_.loop(); }

// ---- Reading ----

void Http1Protocol::on_bytes(std::string_view bytes) {
  if (unparsed_.empty()) {
    unparsed_ = parse(bytes);
  } else {
    unparsed_ += bytes;
    unparsed_.erase(0, unparsed_.size() - parse(unparsed_).size());
  }
}

void Http1Protocol::resume() { unparsed_.erase(0, unparsed_.size() - parse(unparsed_).size()); }

bool Http1Protocol::wants_bytes() const {
  const bool is_full = unparsed_.size() >= kUnparsedMax || (state_ == State::Exchange && body_ == BodyState::Paused) ||
                       (state_ != State::Exchange && output_.size() >= kOutputHigh);
  return !is_full;
}

// Parses as far as may be; what is left.
std::string_view Http1Protocol::parse(std::string_view bytes) {
  inside_parse_ = true;
  while ((!bytes.empty() || parser_.may_have_more()) && may_parse()) {
    const auto [event, consumed] = parser_.parse(bytes);
    bytes.remove_prefix(consumed);
    on_event(event);
    if (event == Http1Parser::Event::Refused) bytes = {};
  }
  inside_parse_ = false;
  return state_ == State::Ended ? std::string_view{} : bytes;
}

bool Http1Protocol::may_parse() const {
  switch (state_) {
    case State::Idle:
    case State::Head:
      return output_.size() < kOutputHigh;
    case State::Exchange:
      return body_ == BodyState::Flowing;
    case State::Ended:
      return false;
  }
  EDGE_CHECK(false);
}

void Http1Protocol::on_event(Http1Parser::Event event) {
  switch (event) {
    case Http1Parser::Event::NeedMore:
      if (state_ == State::Idle && parser_.is_inside_head()) {
        state_ = State::Head;
        since_ = server_.loop().now();
      }
      break;
    case Http1Parser::Event::Head:
      begin_exchange();
      break;
    case Http1Parser::Event::Body:
      on_body_piece();
      break;
    case Http1Parser::Event::End:
      on_request_end();
      break;
    case Http1Parser::Event::Refused:
      refuse(parser_.refusal());
      break;
  }
}

void Http1Protocol::begin_exchange() {
  state_ = State::Exchange;
  ++requests_;
  record_.begun = since_ = server_.loop().now();
  body_ = parser_.has_body() ? BodyState::Unread : BodyState::None;
  body_bytes_ = 0;
  response_ = ResponseState::None;
  sends_body_ = parser_.head().method != http::Method::Head;
  record_.status = 0;
  record_.bytes = 0;
  record_.outcome = metrics::Outcome::Error;
  record_.detail = {};
  record_.forget_client();
  was_congested_ = false;
  keep_alive_ = parser_.wants_keep_alive() && !server_.is_draining();
  if (const std::uint32_t max = server_.options().requests_per_connection_max; max != 0 && requests_ >= max) {
    if (keep_alive_) server_.metrics().limit_reached(metrics::Limit::RequestsPerConnection);
    keep_alive_ = false;
  }
  if (parser_.body_length().value_or(0) > server_.options().body_bytes_max) return refuse(kBodyTooLarge);
  if (record_.identify(connection_, parser_.head())) {
    task_ = server_.handler().start(*this);
  } else {
    respond_refusal(*this, kClientDenied);
  }
  EDGE_CHECK(task_ || response_ == ResponseState::Finished || state_ != State::Exchange);
}

void Http1Protocol::on_body_piece() {
  const std::string_view piece = parser_.body_piece();
  body_bytes_ += piece.size();
  since_ = server_.loop().now();
  server_.metrics().request_body_bytes.add(piece.size());
  if (body_bytes_ > server_.options().body_bytes_max) return refuse(kBodyTooLarge);
  if (task_) task_->on_body(piece);
}

void Http1Protocol::on_request_end() {
  body_ = BodyState::Complete;
  if (task_) task_->on_body_end();
}

// Answers in the handler's place and closes.
void Http1Protocol::refuse(const Refusal& refusal) {
  count_refusal(refusal, server_.metrics());
  if (task_) server_.loop().destroy_later(std::move(task_));
  if (state_ == State::Exchange && response_ != ResponseState::None) return abort();
  if (state_ != State::Exchange) {
    state_ = State::Exchange;
    record_.begun = server_.loop().now();
    record_.forget_client();
    body_ = BodyState::None;
    response_ = ResponseState::None;
    sends_body_ = true;
    record_.bytes = 0;
  }
  keep_alive_ = false;
  respond_refusal(*this, refusal);
}

void Http1Protocol::read_body() {
  if (state_ != State::Exchange || (body_ != BodyState::Unread && body_ != BodyState::Paused)) return;
  if (body_ == BodyState::Unread && parser_.expects_continue() && response_ == ResponseState::None)
    output_.append_copy("HTTP/1.1 100 Continue\r\n\r\n");
  body_ = BodyState::Flowing;
  since_ = server_.loop().now();
  connection_.schedule();
}

void Http1Protocol::pause_body() {
  if (body_ == BodyState::Flowing) body_ = BodyState::Paused;
}

// ---- Writing ----

void Http1Protocol::send_interim(std::uint16_t status, std::string_view fields) {
  if (state_ != State::Exchange || response_ != ResponseState::None || parser_.head().version_minor == 0 ||
      is_congested())
    return;
  append_head(output_.begin_copy(), {.status = status, .fields = fields, .more_fields = {}, .date = {}});
  output_.end_copy();
  connection_.schedule();
}

void Http1Protocol::respond(const Response& response) {
  if (state_ != State::Exchange) return;
  const bool allowed = status_allows_body(response.status);
  append_response_head(response, allowed ? Http1Head::Framing::Length : Http1Head::Framing::None, response.body.size());
  if (allowed && sends_body_) {
    record_.bytes += response.body.size();
    if (response.owner) {
      output_.append_shared(response.body, response.owner);
    } else {
      output_.append_copy(response.body);
    }
  }
  finish_response();
}

void Http1Protocol::start_response(const Response& head, std::optional<std::uint64_t> length) {
  if (state_ != State::Exchange) return;
  framing_ = Http1Head::Framing::None;
  if (status_allows_body(head.status)) {
    if (length) {
      framing_ = Http1Head::Framing::Length;
    } else if (!sends_body_) {
      framing_ = Http1Head::Framing::None;
    } else if (parser_.head().version_minor == 0) {
      framing_ = Http1Head::Framing::UntilClose;
      keep_alive_ = false;
    } else {
      framing_ = Http1Head::Framing::Chunked;
    }
  }
  length_left_ = sends_body_ ? length.value_or(0) : 0;
  append_response_head(head, framing_, length.value_or(0));
  connection_.schedule();
}

void Http1Protocol::write(std::string_view piece, Ref<const Shared> owner) {
  if (state_ != State::Exchange || piece.empty() || !sends_body_) return;
  switch (framing_) {
    case Http1Head::Framing::Length:
      // More than was declared: the surplus would be taken for the next response.
      piece = piece.substr(0, length_left_);
      length_left_ -= piece.size();
      owner ? output_.append_shared(piece, std::move(owner)) : output_.append_copy(piece);
      break;
    case Http1Head::Framing::Chunked: {
      std::array<char, 18> size{};
      const int n = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
      std::string& out = output_.begin_copy();
      out.append(size.data(), static_cast<std::size_t>(n)).append(piece).append("\r\n");
      output_.end_copy();
      break;
    }
    case Http1Head::Framing::UntilClose:
      output_.append_copy(piece);
      break;
    case Http1Head::Framing::None:
      return;
  }
  record_.bytes += piece.size();
  if (is_congested()) was_congested_ = true;
  connection_.schedule();
}

void Http1Protocol::finish() {
  if (state_ != State::Exchange) return;
  if (framing_ == Http1Head::Framing::Length && length_left_ != 0) return abort();
  if (framing_ == Http1Head::Framing::Chunked) output_.append_copy("0\r\n\r\n");
  finish_response();
}

// The answers before it are owed all the same. Where nothing but the end of the connection ends the body, an orderly
// end would make it look whole (RFC 9112 section 8).
void Http1Protocol::abort() {
  if (state_ != State::Exchange) return;
  if (framing_ == Http1Head::Framing::UntilClose) return connection_.reset();
  record_.report(connection_, parser_.head(), false);
  if (task_) server_.loop().destroy_later(std::move(task_));
  end();
  connection_.schedule();
}

bool Http1Protocol::take_back() {
  if (state_ != State::Exchange || response_ != ResponseState::Started) return false;
  if (!output_.take_back(response_at_)) return false;
  record_.bytes = 0;
  response_ = ResponseState::None;
  return true;
}

bool Http1Protocol::is_congested() const { return output_.size() >= kOutputHigh; }

void Http1Protocol::set_outcome(metrics::Outcome outcome, std::string_view detail) {
  record_.outcome = outcome;
  record_.detail = detail;
}

void Http1Protocol::append_response_head(const Response& head, Http1Head::Framing framing, std::uint64_t length) {
  EDGE_CHECK(response_ == ResponseState::None);
  response_ = ResponseState::Started;
  response_at_ = output_.end();
  record_.status = head.status;
  // An answer before the end of the request's body ends the connection: the rest of it is not waited for.
  if (body_ != BodyState::None && body_ != BodyState::Complete) keep_alive_ = false;
  const bool is_1_0 = parser_.head().version_minor == 0;
  std::string& out = output_.begin_copy();
  const std::size_t before = out.size();
  append_head(out, {.status = head.status,
                    .fields = head.fields,
                    .more_fields = head.more_fields,
                    .date = head.has_date ? std::string_view{} : server_.date(),
                    .framing = framing,
                    .length = length,
                    .connection = !keep_alive_ ? Http1Head::Connection::Close
                                  : is_1_0     ? Http1Head::Connection::KeepAliveSaid
                                               : Http1Head::Connection::KeepAlive});
  record_.bytes += out.size() - before;
  output_.end_copy();
}

void Http1Protocol::finish_response() {
  response_ = ResponseState::Finished;
  end_exchange();
  if (!inside_parse_) connection_.schedule();
}

void Http1Protocol::end_exchange() {
  record_.report(connection_, parser_.head(), true);
  if (task_) server_.loop().destroy_later(std::move(task_));
  const bool request_complete = body_ == BodyState::None || body_ == BodyState::Complete;
  since_ = server_.loop().now();
  state_ = State::Idle;
  if (!keep_alive_ || !request_complete) end();
}

void Http1Protocol::end() {
  state_ = State::Ended;
  connection_.end();
}

void Http1Protocol::prepare_output() {
  if (is_congested()) was_congested_ = true;
}

void Http1Protocol::on_sent() {
  if (was_congested_ && output_.size() <= kOutputLow) {
    was_congested_ = false;
    if (task_) task_->on_writable();
  }
  // Parsing had stopped for a full queue.
  if (!unparsed_.empty() && may_parse()) connection_.schedule();
}

// ---- What goes on in between ----

std::optional<Deadline> Http1Protocol::deadline() const {
  const ServerOptions& options = server_.options();
  switch (state_) {
    case State::Idle:
      // Who has just connected owes a request; who was served may rest.
      if (requests_ == 0) return Deadline{since_ + options.header_timeout, metrics::Limit::IdleTimeout};
      return Deadline{server_.idle_until(std::max(since_, connection_.last_sent()) + options.idle_timeout),
                      metrics::Limit::IdleTimeout};
    case State::Head:
      return Deadline{since_ + options.header_timeout, metrics::Limit::HeaderTimeout};
    case State::Exchange:
      if (body_ == BodyState::Flowing) return Deadline{since_ + options.body_timeout, metrics::Limit::BodyTimeout};
      return std::nullopt;
    case State::Ended:
      return std::nullopt;
  }
  EDGE_CHECK(false);
}

void Http1Protocol::on_deadline(metrics::Limit limit) {
  switch (limit) {
    case metrics::Limit::HeaderTimeout:
      return refuse({408, "request head too slow", limit});
    case metrics::Limit::BodyTimeout:
      return refuse(kBodyTooSlow);
    default:
      server_.metrics().limit_reached(limit);
      connection_.close();
  }
}

void Http1Protocol::drain() { keep_alive_ = false; }

// Whoever waits for an answer can be told; in the middle of one only the end of the connection says that it is cut off.
void Http1Protocol::cut_off() {
  keep_alive_ = false;
  if (state_ == State::Exchange && response_ == ResponseState::None) {
    respond_error(*this, {.status = 503,
                          .error = http::ProxyError::DestinationUnavailable,
                          .detail = "this edge ends before there is an answer",
                          .retry_after = std::chrono::seconds{1},
                          .log_detail = "this edge ends"});
  }
}

void Http1Protocol::on_closed(bool client_left) {
  if (state_ == State::Exchange) {
    if (client_left) server_.metrics().client_aborts.add();
    record_.report(connection_, parser_.head(), false);
  }
  state_ = State::Ended;
  if (task_) server_.loop().destroy_later(std::move(task_));
}

}  // namespace edge::frontend
