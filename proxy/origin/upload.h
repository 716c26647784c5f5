// A request body on its way to the origin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace edge::origin {

// What the client has sent and the origin has not yet taken. Owned by its call; outlives the tries, so that a body of
// which nothing was taken can go to another URL.
class Upload {
 public:
  static constexpr std::size_t kCongestedBytes = 256 * 1024;

  Upload() = default;
  // `length`: as declared to the origin; absent when the body is sent chunked.
  explicit Upload(std::optional<std::uint64_t> length) : length_(length) {}

  // What exceeds the declared length is dropped: it could only be taken for the next request.
  void append(std::string_view piece);
  void end() { has_ended_ = true; }

  // Copies what there is, at most `room` bytes; 0 when nothing is waiting.
  std::size_t take(char* to, std::size_t room);

  std::size_t waiting_bytes() const { return next_.size() + current_.size() - current_taken_; }
  bool is_congested() const { return waiting_bytes() > kCongestedBytes; }
  bool has_ended() const { return has_ended_; }
  bool was_begun() const { return taken_ > 0; }
  std::optional<std::uint64_t> length() const { return length_; }
  // Everything that was declared (or, chunked, everything that will come) has been taken.
  bool is_complete() const { return length_ ? taken_ == *length_ : has_ended_ && waiting_bytes() == 0; }

 private:
  std::optional<std::uint64_t> length_;
  std::uint64_t given_ = 0;
  std::uint64_t taken_ = 0;
  bool has_ended_ = false;
  Bytes current_;  // Being taken; then `next_` takes its place, so nothing is ever moved to the front.
  std::size_t current_taken_ = 0;
  Bytes next_;
};

}  // namespace edge::origin
