#include "frontend/http1_connection.h"

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
// How long a closed connection waits for the client to read what was sent (RFC 9112 section 9.6).
constexpr std::chrono::seconds kLinger{2};
constexpr std::size_t kPiecesPerWrite = 64;

}  // namespace

Http1Connection::Http1Connection(Server& server, std::size_t place, net::Socket socket, const net::Address& peer)
    : server_(server),
      place_(place),
      socket_(std::move(socket)),
      peer_(peer),
      parser_(server.parser_limits_),
      since_(server.loop_.now()),
      read_watch_(server.loop_, socket_.fd(), event::Watch::Readable, [this] { on_readable(); }),
      write_watch_(server.loop_, socket_.fd(), event::Watch::Writable, [this] { resume(); }),
      timer_(server.loop_, [this] { on_timer(); }),
      resume_(server.loop_, [this] { resume(); }) {
  settle();
}

Http1Connection::~Http1Connection() = default;

std::string_view Http1Connection::client_address() const {
  if (peer_text_.empty()) peer_text_ = peer_.host();
  return peer_text_;
}

event::EventLoop& Http1Connection::loop() { return server_.loop_; }

// ---- Reading ----

void Http1Connection::on_readable() {
  const net::IoResult read = net::read_some(socket_, server_.read_buffer_);
  switch (read.state) {
    case net::IoResult::WouldBlock:
      return;
    case net::IoResult::Broken:
      return client_left();
    case net::IoResult::EndOfFile:
      return on_end_of_file();
    case net::IoResult::Ok:
      break;
  }
  if (state_ == State::Flushing || state_ == State::Lingering) return;  // Read only to be thrown away.
  const std::string_view bytes(server_.read_buffer_.data(), read.bytes);
  if (unparsed_.empty()) {
    unparsed_ = parse(bytes);
  } else {
    unparsed_ += bytes;
    unparsed_.erase(0, unparsed_.size() - parse(unparsed_).size());
  }
  settle();
}

// A client that closes its side has gone, unless all that it is owed is already in the queue.
void Http1Connection::on_end_of_file() {
  read_closed_ = true;
  if (state_ == State::Exchange || output_.empty() || state_ == State::Lingering) return client_left();
  state_ = State::Flushing;
  settle();
}

// Parses as far as may be; what is left.
std::string_view Http1Connection::parse(std::string_view bytes) {
  inside_parse_ = true;
  while ((!bytes.empty() || parser_.may_have_more()) && may_parse()) {
    const auto [event, consumed] = parser_.parse(bytes);
    bytes.remove_prefix(consumed);
    on_event(event);
    if (event == Http1Parser::Event::Refused) bytes = {};
  }
  inside_parse_ = false;
  return bytes;
}

bool Http1Connection::may_parse() const {
  switch (state_) {
    case State::Idle:
    case State::Head:
      return output_.size() < kOutputHigh;
    case State::Exchange:
      return body_ == BodyState::Flowing;
    case State::Flushing:
    case State::Lingering:
    case State::Closed:
      return false;
  }
  EDGE_CHECK(false);
}

void Http1Connection::on_event(Http1Parser::Event event) {
  switch (event) {
    case Http1Parser::Event::NeedMore:
      if (state_ == State::Idle && parser_.is_inside_head()) {
        state_ = State::Head;
        since_ = server_.loop_.now();
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

void Http1Connection::begin_exchange() {
  state_ = State::Exchange;
  ++requests_;
  begun_ = since_ = server_.loop_.now();
  body_ = parser_.has_body() ? BodyState::Unread : BodyState::None;
  body_bytes_ = 0;
  response_ = ResponseState::None;
  sends_body_ = parser_.head().method != http::Method::Head;
  status_ = 0;
  response_bytes_ = 0;
  outcome_ = metrics::Outcome::Error;
  detail_ = {};
  was_congested_ = false;
  keep_alive_ = parser_.wants_keep_alive() && !server_.draining_;
  if (const std::uint32_t max = server_.options_.requests_per_connection_max; max != 0 && requests_ >= max) {
    if (keep_alive_) server_.metrics_.limit_reached(metrics::Limit::RequestsPerConnection);
    keep_alive_ = false;
  }
  if (parser_.body_length().value_or(0) > server_.options_.body_bytes_max)
    return refuse({413, "request body too large", metrics::Limit::BodyBytes});
  task_ = server_.handler_.start(*this);
  EDGE_CHECK(task_ || response_ == ResponseState::Finished || state_ != State::Exchange);
}

void Http1Connection::on_body_piece() {
  const std::string_view piece = parser_.body_piece();
  body_bytes_ += piece.size();
  since_ = server_.loop_.now();
  server_.metrics_.request_body_bytes.add(piece.size());
  if (body_bytes_ > server_.options_.body_bytes_max)
    return refuse({413, "request body too large", metrics::Limit::BodyBytes});
  if (task_) task_->on_body(piece);
}

void Http1Connection::on_request_end() {
  body_ = BodyState::Complete;
  if (task_) task_->on_body_end();
}

// Answers in the handler's place and closes.
void Http1Connection::refuse(const Http1Refusal& refusal) {
  if (refusal.limit) {
    server_.metrics_.limit_reached(*refusal.limit);
  } else {
    server_.metrics_.malformed_requests.add();
  }
  if (task_) server_.loop_.destroy_later(std::move(task_));
  if (state_ == State::Exchange && response_ != ResponseState::None) return close();
  if (state_ != State::Exchange) {
    state_ = State::Exchange;
    begun_ = server_.loop_.now();
    body_ = BodyState::None;
    response_ = ResponseState::None;
    sends_body_ = true;
    response_bytes_ = 0;
  }
  keep_alive_ = false;
  respond_error(*this, {.status = refusal.status,
                        .error = http::ProxyError::HttpRequestError,
                        .detail = refusal.detail,
                        .log_detail = refusal.detail});
}

void Http1Connection::read_body() {
  if (state_ != State::Exchange || (body_ != BodyState::Unread && body_ != BodyState::Paused)) return;
  if (body_ == BodyState::Unread && parser_.expects_continue() && response_ == ResponseState::None)
    output_.append_copy("HTTP/1.1 100 Continue\r\n\r\n");
  body_ = BodyState::Flowing;
  since_ = server_.loop_.now();
  resume_.schedule();
}

void Http1Connection::pause_body() {
  if (body_ == BodyState::Flowing) body_ = BodyState::Paused;
}

// ---- Writing ----

void Http1Connection::send_interim(std::uint16_t status, std::string_view fields) {
  if (state_ != State::Exchange || response_ != ResponseState::None || parser_.head().version_minor == 0 ||
      is_congested())
    return;
  append_head(output_.begin_copy(), {.status = status, .fields = fields, .more_fields = {}, .date = {}});
  output_.end_copy();
  resume_.schedule();
}

void Http1Connection::respond(const Response& response) {
  if (state_ != State::Exchange) return;
  const bool allowed = status_allows_body(response.status);
  append_response_head(response, allowed ? Http1Head::Framing::Length : Http1Head::Framing::None, response.body.size());
  if (allowed && sends_body_) {
    response_bytes_ += response.body.size();
    if (response.owner) {
      output_.append_shared(response.body, response.owner);
    } else {
      output_.append_copy(response.body);
    }
  }
  finish_response();
}

void Http1Connection::start_response(const Response& head, std::optional<std::uint64_t> length) {
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
  resume_.schedule();
}

void Http1Connection::write(std::string_view piece) {
  if (state_ != State::Exchange || piece.empty() || !sends_body_) return;
  switch (framing_) {
    case Http1Head::Framing::Length:
      // More than was declared: the surplus would be taken for the next response.
      piece = piece.substr(0, length_left_);
      length_left_ -= piece.size();
      output_.append_copy(piece);
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
  response_bytes_ += piece.size();
  if (is_congested()) was_congested_ = true;
  resume_.schedule();
}

void Http1Connection::finish() {
  if (state_ != State::Exchange) return;
  if (framing_ == Http1Head::Framing::Length && length_left_ != 0) return abort();
  if (framing_ == Http1Head::Framing::Chunked) output_.append_copy("0\r\n\r\n");
  finish_response();
}

void Http1Connection::abort() {
  if (state_ != State::Exchange) return;
  close();
}

bool Http1Connection::is_congested() const { return output_.size() >= kOutputHigh; }

void Http1Connection::set_outcome(metrics::Outcome outcome, std::string_view detail) {
  outcome_ = outcome;
  detail_ = detail;
}

void Http1Connection::append_response_head(const Response& head, Http1Head::Framing framing, std::uint64_t length) {
  EDGE_CHECK(response_ == ResponseState::None);
  response_ = ResponseState::Started;
  status_ = head.status;
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
  response_bytes_ += out.size() - before;
  output_.end_copy();
}

void Http1Connection::finish_response() {
  response_ = ResponseState::Finished;
  end_exchange();
  if (!inside_parse_) resume_.schedule();
}

void Http1Connection::end_exchange() {
  report_exchange(true);
  if (task_) server_.loop_.destroy_later(std::move(task_));
  const bool request_complete = body_ == BodyState::None || body_ == BodyState::Complete;
  state_ = keep_alive_ && request_complete ? State::Idle : State::Flushing;
  since_ = server_.loop_.now();
}

void Http1Connection::report_exchange(bool complete) {
  const auto duration = server_.loop_.now() - begun_;
  server_.metrics_.request_finished(outcome_, status_, response_bytes_, duration);
  if (!server_.access_log_.wants(status_, complete)) return;
  const http::RequestHead& head = parser_.head();
  server_.access_log_.write({.time = server_.loop_.wall() - std::chrono::floor<std::chrono::milliseconds>(duration),
                             .client = client_address(),
                             .method = head.method_name,
                             .target = head.target,
                             .protocol = head.version_minor == 0 ? "HTTP/1.0" : "HTTP/1.1",
                             .status = status_,
                             .bytes_sent = response_bytes_,
                             .outcome = outcome_,
                             .detail = detail_,
                             .duration = duration,
                             .complete = complete});
}

void Http1Connection::flush() {
  std::array<iovec, kPiecesPerWrite> pieces;
  while (!output_.empty()) {
    const std::size_t count = output_.gather(pieces);
    const net::IoResult written = net::write_some(socket_, {pieces.data(), count});
    if (written.state == net::IoResult::Broken) return client_left();
    if (written.state != net::IoResult::Ok) break;
    output_.consume(written.bytes);
    write_since_ = server_.loop_.now();
  }
  if (output_.empty()) {
    write_watch_.disarm();
    if (state_ == State::Flushing) linger();
  } else if (!write_watch_.is_armed()) {
    write_since_ = server_.loop_.now();
    write_watch_.arm();
  }
}

// Closing at once would reset the connection if the client is still sending, and the reset may overtake our answer.
void Http1Connection::linger() {
  if (read_closed_) return close();
  state_ = State::Lingering;
  since_ = server_.loop_.now();
  net::shutdown_writes(socket_);
}

// ---- What goes on in between ----

// The handler has moved something, or the socket takes bytes again.
void Http1Connection::resume() {
  if (state_ == State::Closed) return;
  unparsed_.erase(0, unparsed_.size() - parse(unparsed_).size());
  settle();
}

void Http1Connection::settle() {
  if (is_congested()) was_congested_ = true;
  flush();
  if (state_ == State::Closed) return;
  if (state_ == State::Flushing || state_ == State::Lingering) unparsed_.clear();
  if (was_congested_ && output_.size() <= kOutputLow) {
    was_congested_ = false;
    if (task_) task_->on_writable();
    if (state_ == State::Closed) return;
  }
  // Parsing had stopped for a full queue.
  if (!unparsed_.empty() && may_parse()) resume_.schedule();
  update_read_interest();
  update_deadline();
}

void Http1Connection::update_read_interest() {
  const bool full = unparsed_.size() >= kUnparsedMax || (state_ == State::Exchange && body_ == BodyState::Paused) ||
                    (state_ != State::Exchange && output_.size() >= kOutputHigh);
  if (read_closed_ || full) {
    read_watch_.disarm();
  } else {
    read_watch_.arm();
  }
}

void Http1Connection::update_deadline() {
  const ServerOptions& options = server_.options_;
  deadline_.reset();
  if (!output_.empty()) return set_deadline(write_since_ + options.write_timeout, metrics::Limit::WriteTimeout);
  switch (state_) {
    case State::Idle:
      // Who has just connected owes a request; who was served may rest.
      if (requests_ == 0) return set_deadline(since_ + options.header_timeout, metrics::Limit::IdleTimeout);
      return set_deadline(std::max(since_, write_since_) + options.idle_timeout, metrics::Limit::IdleTimeout);
    case State::Head:
      return set_deadline(since_ + options.header_timeout, metrics::Limit::HeaderTimeout);
    case State::Exchange:
      if (body_ == BodyState::Flowing) set_deadline(since_ + options.body_timeout, metrics::Limit::BodyTimeout);
      return;
    case State::Flushing:
      return;
    case State::Lingering:
      return set_deadline(since_ + kLinger, metrics::Limit::IdleTimeout);
    case State::Closed:
      return;
  }
}

// The timer is armed anew only for an earlier deadline; a later one is noticed when it fires. So a busy connection
// costs no timer work.
void Http1Connection::set_deadline(Instant at, metrics::Limit limit) {
  deadline_ = at;
  deadline_limit_ = limit;
  if (timer_.is_armed() && timer_at_ <= at) return;
  timer_at_ = at;
  const auto delay = std::chrono::ceil<std::chrono::milliseconds>(at - server_.loop_.now());
  timer_.arm(std::max(delay, std::chrono::milliseconds{0}));
}

void Http1Connection::on_timer() {
  if (!deadline_) return;
  if (server_.loop_.now() < *deadline_) return set_deadline(*deadline_, deadline_limit_);
  on_deadline();
}

void Http1Connection::on_deadline() {
  if (state_ == State::Lingering) return close();
  const metrics::Limit limit = deadline_limit_;
  switch (limit) {
    case metrics::Limit::HeaderTimeout:
      refuse({408, "request head too slow", limit});
      return settle();
    case metrics::Limit::BodyTimeout:
      refuse({408, "request body too slow", limit});
      if (state_ != State::Closed) settle();
      return;
    default:
      server_.metrics_.limit_reached(limit);
      close();
  }
}

void Http1Connection::drain() {
  keep_alive_ = false;
  if (state_ == State::Idle && output_.empty()) return close();
  if (state_ == State::Idle) state_ = State::Flushing;
}

void Http1Connection::client_left() {
  if (state_ == State::Exchange) server_.metrics_.client_aborts.add();
  close();
}

void Http1Connection::close() {
  if (state_ == State::Closed) return;
  if (state_ == State::Exchange) report_exchange(false);
  state_ = State::Closed;
  read_watch_.disarm();
  write_watch_.disarm();
  timer_.disarm();
  if (task_) server_.loop_.destroy_later(std::move(task_));
  server_.remove(*this);
}

}  // namespace edge::frontend
