// How often something may happen: "100/s" with a burst, as a token bucket.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace edge::limit {

// A bucket that holds `burst` requests when it is full, and gets one back each `interval`. The generic cell rate
// algorithm (ITU-T I.371) needs no more than a time for it: when the bucket will be full.
struct Rate {
  std::chrono::nanoseconds interval{10'000'000};  // 1us to 1d.
  std::uint32_t burst = 1;                        // 1 and more.

  // How long an empty bucket takes to be full.
  std::chrono::nanoseconds whole() const noexcept { return interval * burst; }
};

// "100/s", "10/m" or "1/h": 1 to 1000000 in a second, minute, hour or day, with as much for a burst.
Result<Rate> parse_rate(std::string_view text);

}  // namespace edge::limit
