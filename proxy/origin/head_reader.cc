#include "origin/head_reader.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"

namespace edge::origin {
namespace {

std::string_view without_line_end(std::string_view line) {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool is_interim(std::uint16_t status) { return status < 200; }

}  // namespace

void HeadReader::clear(bool may_be_http2) {
  may_be_http2_ = may_be_http2;
  is_http2_ = is_http10_ = false;
  state_ = State::StatusLine;
  bytes_ = 0;
  text_.clear();
  head_.fields.clear();
  interim_.clear();
  interim_count_ = 0;
  content_length_.reset();
  problem_ = {};
}

bool HeadReader::add_line(std::string_view line) {
  bytes_ += line.size();
  if (bytes_ > kBytesMax) return refuse("the head is larger than 64 KiB");
  line = without_line_end(line);
  switch (state_) {
    case State::StatusLine:
      return add_status_line(line);
    case State::FieldLines:
      return line.empty() ? finish() : add_field_line(line);
    case State::Complete:
      return true;  // A trailer.
  }
  return false;
}

// RFC 9112 section 4: HTTP-version SP status-code SP [ reason-phrase ]. The version of HTTP/2 has no minor number.
bool HeadReader::add_status_line(std::string_view line) {
  is_http2_ = may_be_http2_ && line.starts_with("HTTP/2 ");
  if (!is_http2_ && (!line.starts_with("HTTP/1.") || line.size() < 9 || line[8] != ' '))
    return refuse("the status line is not HTTP/1");
  is_http10_ = !is_http2_ && line[7] == '0';
  line.remove_prefix(line.find(' ') + 1);
  const auto status = try_unsigned(line.substr(0, 3));
  if (line.size() < 3 || !status || *status < 100 || *status > 599 || (line.size() > 3 && line[3] != ' '))
    return refuse("the status line has no status");
  head_.status = static_cast<std::uint16_t>(*status);
  state_ = State::FieldLines;
  return true;
}

bool HeadReader::add_field_line(std::string_view line) {
  if (http::has_line_breaker(line)) return refuse("a field line has a control character");
  if (line.front() == ' ' || line.front() == '\t') {  // RFC 9112 section 5.2: a folded line becomes one with spaces.
    if (text_.empty()) return refuse("the first field line is folded");
    text_.back() = ' ';
  } else {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !http::is_token(trim(line.substr(0, colon))))
      return refuse("a field line has no proper name");
  }
  text_ += line;
  text_ += '\n';
  return true;
}

bool HeadReader::finish() {
  if (head_.status == 101) return refuse("the origin switched protocols unasked");
  read_fields();
  if (is_interim(head_.status)) {
    set_aside_interim();
    head_.fields.clear();
    text_.clear();
    state_ = State::StatusLine;
    return true;
  }
  if (!check_framing()) return false;
  state_ = State::Complete;
  return true;
}

void HeadReader::set_aside_interim() {
  if (head_.status == 100 || interim_count_ == kInterimMax) return;
  ++interim_count_;
  InterimHead interim{head_.status, {}};
  for (const http::Field& field : head_.fields) http::append_line(interim.lines, field.name, field.value);
  interim_.push_back(std::move(interim));
}

void HeadReader::read_fields() {
  for (std::string_view rest = text_; !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(':');
    head_.fields.add(trim(line.substr(0, colon)), trim(line.substr(colon + 1)));
    rest.remove_prefix(end + 1);
  }
}

// RFC 9112 section 6.3: a length that two readers could understand differently is an attack or a fault, never ours to
// resolve.
bool HeadReader::check_framing() {
  const bool is_encoded = head_.fields.has(http::FieldName::TransferEncoding);
  if (is_encoded && is_http2_) return refuse("HTTP/2 has no transfer codings");
  if (is_encoded) {
    const auto encoding = head_.fields.single(http::FieldName::TransferEncoding);
    if (!encoding || !equals_ignoring_case(*encoding, "chunked")) return refuse("a transfer coding other than chunked");
  }
  if (!head_.fields.has(http::FieldName::ContentLength)) return true;
  if (is_encoded) return refuse("both a length and a transfer coding are declared");
  for (const http::Field& field : head_.fields) {
    if (field.id != http::FieldName::ContentLength) continue;
    const auto length = try_unsigned(field.value);
    if (!length || (content_length_ && *content_length_ != *length))
      return refuse("the declared length is not a number");
    content_length_ = length;
  }
  return true;
}

bool HeadReader::refuse(std::string_view problem) {
  problem_ = problem;
  return false;
}

}  // namespace edge::origin
