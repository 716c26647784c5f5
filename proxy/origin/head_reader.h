// The head of a response, from its lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"

namespace edge::origin {

// An interim response (RFC 9110 section 15.2).
struct InterimHead {
  std::uint16_t status = 0;  // 102 to 199.
  std::string lines;         // In the form of http::append_line.
};

// Collects lines until the final head is complete: interim responses are set aside, trailers ignored. Stricter than
// need be where leniency would let a response mean one thing here and another to a client. Owned by its transfer.
class HeadReader {
 public:
  static constexpr std::size_t kBytesMax = 64 * 1024;  // Of all lines of one response together.
  // Of one response; nobody has use for more, and each costs the client a read. What is more is dropped.
  static constexpr std::size_t kInterimMax = 8;

  // For the next response, of HTTP/1, or perhaps of HTTP/2, of which libcurl writes lines as if they had been sent.
  void clear(bool may_be_http2 = false);
  // One line, its line end included. False when the response cannot be used; problem() then says why.
  bool add_line(std::string_view line);

  bool is_complete() const { return state_ == State::Complete; }
  bool has_begun() const { return bytes_ > 0; }
  // Once a status line has come.
  bool is_http2() const { return is_http2_; }
  // Likewise: the origin speaks HTTP/1.0.
  bool is_http10() const { return is_http10_; }
  std::string_view problem() const { return problem_; }
  // Interim responses that have come and were not yet taken, without 100: what the client expects is ours to continue.
  bool has_interim() const { return !interim_.empty(); }
  std::vector<InterimHead> take_interim() { return std::exchange(interim_, {}); }
  // Once complete; views are valid until clear().
  const http::ResponseHead& head() const { return head_; }
  // As declared by the head; absent for chunked and for bodies that end with the connection.
  std::optional<std::uint64_t> content_length() const { return content_length_; }

 private:
  enum class State { StatusLine, FieldLines, Complete };

  bool add_status_line(std::string_view line);
  bool add_field_line(std::string_view line);
  bool finish();
  void set_aside_interim();
  void read_fields();
  bool check_framing();
  bool refuse(std::string_view problem);

  bool may_be_http2_ = false;
  bool is_http2_ = false;
  bool is_http10_ = false;
  State state_ = State::StatusLine;
  std::size_t bytes_ = 0;
  std::string text_;  // Field lines, each with "\n" at its end.
  http::ResponseHead head_;
  std::vector<InterimHead> interim_;
  std::size_t interim_count_ = 0;
  std::optional<std::uint64_t> content_length_;
  std::string_view problem_;  // A constant.
};

}  // namespace edge::origin
