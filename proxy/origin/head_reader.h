// The head of a response, from the lines that libcurl hands over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace edge::origin {

// Collects lines until the final head is complete: interim responses are skipped, trailers ignored. Stricter than
// libcurl where leniency would let a response mean one thing here and another to a client. Owned by its transfer.
class HeadReader {
 public:
  static constexpr std::size_t kBytesMax = 64 * 1024;  // Of all heads and trailers of one response together.

  void clear();
  // One line, its line end included. False when the response cannot be used; problem() then says why.
  bool add_line(std::string_view line);

  bool is_complete() const { return state_ == State::Complete; }
  bool has_begun() const { return bytes_ > 0; }
  std::string_view problem() const { return problem_; }
  // Once complete; views are valid until clear().
  const http::ResponseHead& head() const { return head_; }
  // As declared by the head; absent for chunked and for bodies that end with the connection.
  std::optional<std::uint64_t> content_length() const { return content_length_; }

 private:
  enum class State { StatusLine, FieldLines, Complete };

  bool add_status_line(std::string_view line);
  bool add_field_line(std::string_view line);
  bool finish();
  bool check_framing();
  bool refuse(std::string_view problem);

  State state_ = State::StatusLine;
  std::size_t bytes_ = 0;
  std::string text_;  // Field lines, each with "\n" at its end.
  http::ResponseHead head_;
  std::optional<std::uint64_t> content_length_;
  std::string_view problem_;  // A constant.
};

}  // namespace edge::origin
