// Wall time as logs write it down.
#pragma once

#include <array>
#include <string_view>

#include "base/clock.h"

namespace edge {

// RFC 3339 section 5.6, in UTC with milliseconds: 2026-11-22T21:00:00.123Z.
class Rfc3339 {
 public:
  explicit Rfc3339(WallTime time) noexcept;
  std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

 private:
  std::array<char, 24> text_;
};

}  // namespace edge
