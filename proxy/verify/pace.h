// At most so many a second, a few of them at once. Pure.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace edge::verify {

class Pace {
 public:
  // `burst`: how many may go at once after a pause; at least one.
  Pace(double per_second, double burst)
      : per_second_(per_second), burst_(std::max(burst, 1.0)), tokens_(std::max(burst, 1.0)) {}

  bool try_take(Instant now) {
    refill(now);
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }
  // How long until try_take succeeds.
  std::chrono::milliseconds wait(Instant now) {
    refill(now);
    if (tokens_ >= 1) return std::chrono::milliseconds{0};
    return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>((1 - tokens_) / per_second_));
  }

 private:
  void refill(Instant now) {
    if (last_ != Instant{})
      tokens_ = std::min(burst_, tokens_ + std::chrono::duration<double>(now - last_).count() * per_second_);
    last_ = now;
  }

  const double per_second_;
  const double burst_;
  double tokens_;
  Instant last_{};
};

}  // namespace edge::verify
