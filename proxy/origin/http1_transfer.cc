#include "origin/http1_transfer.h"

#include <algorithm>

#include "base/check.h"
#include "base/text.h"
#include "http/list.h"
#include "origin/connection_fields.h"

namespace edge::origin {
namespace {

// Of one connection, before others have their turn. Where an answer is not complete, its end may be there too, and
// whoever has seen nothing of it yet can then be told.
constexpr int kReadsPerTurn = 4;

// A request or a line larger than this is not worth keeping its memory for the next.
constexpr std::size_t kTextKept = 4096;

constexpr std::string_view kVersion = "HTTP/1.";
constexpr std::string_view kDefaultPort = ":80";

// Whether `text` may be the beginning of a status line.
bool may_be_http1(std::string_view text) {
  const std::size_t common = std::min(text.size(), kVersion.size());
  return text.substr(0, common) == kVersion.substr(0, common);
}

// RFC 9112 section 9.3; that a connection of HTTP/1.0 may go on, where both sides say so, is not made use of.
bool leaves_connection_open(const HeadReader& head) {
  bool closes = head.is_http10();
  for (const http::Field& field : head.head().fields)
    if (field.id == http::FieldName::Connection)
      http::for_each_element(
          field.value, [&](std::string_view option) { closes = closes || equals_ignoring_case(option, "close"); });
  return !closes;
}

}  // namespace

void Http1Transfer::start(const TransferJob& job, TransferUser& user) {
  EDGE_CHECK(user_ == nullptr && job.upload == nullptr);
  clear_notes(job.collect_bytes_max, false);
  line_.clear();
  held_back_.clear();
  framing_.begin_empty();
  has_response_ended_ = false;
  url_ = job.url;
  user_ = &user;
  write_request(job.request);
  if (auto kept = carrier_.try_take(*url_)) {
    use(std::move(kept));
  } else {
    connect();
  }
}

void Http1Transfer::write_request(const FetchRequest& request) {
  std::string_view host = url_->authority;
  if (host.ends_with(kDefaultPort)) host.remove_suffix(kDefaultPort.size());
  request_.clear();
  request_ += request.method;
  request_ += ' ';
  if (request.target != "*") request_ += url_->prefix;
  request_ += request.target;
  request_ += " HTTP/1.1\r\nHost: ";
  request_ += host;
  request_ += "\r\n";
  for (std::string_view rest = request.field_lines; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find("\r\n") + 2);
    rest.remove_prefix(line.size());
    if (!is_of_connection(http::find_field_name(line.substr(0, line.find(':'))))) request_ += line;
  }
  request_ += "\r\n";
}

void Http1Transfer::stop() {
  if (user_ == nullptr) return;
  user_ = nullptr;
  if (connecting_) {
    carrier_.connector().forget(*this);
    carrier_.give_back_connecting(std::move(connecting_));
  }
  if (connection_) carrier_.drop(std::move(connection_));
}

void Http1Transfer::forget_large_memory() {
  Transfer::forget_large_memory();
  if (held_back_.capacity() > 0) held_back_ = Bytes{};
  for (std::string* text : {&request_, &line_})
    if (text->capacity() > kTextKept) std::string().swap(*text);  // Assigning would keep the memory.
}

// ---- The connection ----

void Http1Transfer::connect() {
  connecting_ = carrier_.take_connecting();
  connecting_as_of_ = carrier_.places();
  connecting_->connect(url_, *this);
}

void Http1Transfer::act() {
  failure_ = connecting_->failure();
  const int fd = connecting_->take_connection();
  carrier_.give_back_connecting(std::move(connecting_));
  if (failure_) return end();
  event::EventLoop& loop = carrier_.loop();
  use(std::make_unique<Http1Connection>(loop, fd, url_, Http1Connection::Made{loop.now(), connecting_as_of_}));
}

void Http1Transfer::use(std::unique_ptr<Http1Connection> connection) {
  connection_ = std::move(connection);
  connection_->set_user(*this);
  was_request_sent_ = true;
  sent_ = 0;
  send();
}

// Where that fails, reading says so, and what the origin has said before.
void Http1Transfer::send() { sent_ += connection_->send(std::string_view(request_).substr(sent_)); }

void Http1Transfer::on_readable(Http1Connection&) {
  carrier_.run([this] { receive(); });
}

void Http1Transfer::receive() {
  const std::span<char> room = carrier_.room();
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const auto received = connection_->receive(room);
    if (received.state == Http1Connection::Io::WouldBlock) return;
    if (received.state != Http1Connection::Io::Ok) return note_lost(received.state);
    take({room.data(), received.bytes});
    if (connection_ == nullptr || !held_back_.empty()) return;
  }
}

void Http1Transfer::note_lost(Http1Connection::Io how) {
  const bool was_used_before = connection_->used_until().has_value();
  const std::string problem = how == Http1Connection::Io::Broken ? connection_->problem() : "the connection was closed";
  carrier_.drop(std::move(connection_));
  if (head_.is_complete() && framing_.ends_with_connection() && how == Http1Connection::Io::EndOfFile)
    return note_response_end(false);
  const bool has_answer_begun = head_.has_begun() || !line_.empty();
  if (!has_answer_begun && was_used_before) return connect();
  if (!has_answer_begun) return fail(http::ProxyError::ConnectionTerminated, problem + " without an answer");
  fail(http::ProxyError::HttpResponseIncomplete,
       problem + (head_.is_complete() ? " within the body" : " within the head"));
}

// ---- The response ----

void Http1Transfer::take(std::string_view bytes) {
  if (!head_.is_complete()) bytes.remove_prefix(take_head(bytes));
  if (connection_ != nullptr && head_.is_complete()) take_body(bytes);
}

// How many of the bytes belong to it. May end the transfer.
std::size_t Http1Transfer::take_head(std::string_view bytes) {
  std::size_t taken = 0;
  while (!head_.is_complete()) {
    const std::size_t newline = bytes.find('\n', taken);
    std::string_view line = bytes.substr(taken, newline == std::string_view::npos ? newline : newline + 1 - taken);
    taken += line.size();
    if (newline == std::string_view::npos || !line_.empty()) line = line_ += line;
    if (const auto problem = read_line(line, newline != std::string_view::npos); !problem.empty()) {
      fail(http::ProxyError::HttpProtocolError, problem);
      return taken;
    }
    if (newline == std::string_view::npos) return taken;
    line_.clear();
    if (head_.has_interim()) carrier_.wake(*user_);
  }
  begin_body();
  return taken;
}

// What is wrong with it, if anything. Whatever it is, its lines may never end, so the beginning of one is looked at
// too.
std::string_view Http1Transfer::read_line(std::string_view line, bool is_whole) {
  if (!head_.has_begun() && !may_be_http1(line)) return "the answer is not HTTP/1";
  if (line.size() > HeadReader::kBytesMax) return "a line of the head has no end";
  return is_whole && !head_.add_line(line) ? head_.problem() : std::string_view{};
}

void Http1Transfer::begin_body() {
  carrier_.wake(*user_);
  if (!expect_body(false)) {
    framing_.begin_empty();
  } else if (body_length_) {
    framing_.begin_length(*body_length_);
  } else if (head_.head().fields.has(http::FieldName::TransferEncoding)) {
    framing_.begin_chunked();
  } else {
    framing_.begin_until_close();
  }
}

void Http1Transfer::take_body(std::string_view bytes) {
  while (!bytes.empty() && !framing_.has_ended() && !framing_.is_malformed()) {
    const auto taken = framing_.take(bytes);
    if (!taken.piece.empty()) add_body(taken.piece);
    bytes.remove_prefix(taken.bytes);
  }
  if (framing_.is_malformed()) return fail(http::ProxyError::HttpProtocolError, "the chunks of the body are malformed");
  if (framing_.has_ended()) note_response_end(!bytes.empty());
}

void Http1Transfer::add_body(std::string_view piece) {
  carrier_.wake(*user_);
  if (held_back_.empty() && body_.size() + piece.size() <= body_bytes_max_) {
    body_.append(piece);
    carrier_.metrics().origin_bytes.add(piece.size());
    return;
  }
  held_back_.append(piece);
  held_back_bytes_ = held_back_.size();
  connection_->stop_reading();
}

void Http1Transfer::continue_where_possible() {
  if (user_ == nullptr || held_back_.empty() || body_.size() + held_back_.size() > body_bytes_max_) return;
  body_.append(held_back_.view());
  carrier_.metrics().origin_bytes.add(held_back_.size());
  held_back_.clear();
  held_back_bytes_ = 0;
  if (has_response_ended_) return end();
  carrier_.wake(*user_);
  connection_->go_on_reading();
}

// What comes behind a response was not asked for, so the connection is not to be trusted.
void Http1Transfer::note_response_end(bool has_surplus) {
  has_response_ended_ = true;
  if (connection_ != nullptr) {
    const bool is_reusable = !has_surplus && sent_ == request_.size() && leaves_connection_open(head_);
    connection_->go_on_reading();
    is_reusable ? carrier_.keep(std::move(connection_)) : carrier_.drop(std::move(connection_));
  }
  if (held_back_.empty()) end();
}

void Http1Transfer::fail(http::ProxyError error, std::string_view problem) {
  if (connection_) carrier_.drop(std::move(connection_));
  failure_ = TransferFailure{.error = error, .detail = url_->authority + ": "};
  failure_->detail += problem;
  end();
}

void Http1Transfer::end() {
  is_over_ = true;
  carrier_.wake(*std::exchange(user_, nullptr));
}

}  // namespace edge::origin
