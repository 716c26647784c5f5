// How many of those that were lately counted were of the kind that matters.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace edge::origin {

// Counts over a window that moves with time, in tenths of it: what was counted goes a window after it came, or up to a
// tenth sooner. The time that is passed in never goes back.
class RollingCounts {
 public:
  struct Totals {
    std::uint64_t all = 0;
    std::uint64_t some = 0;  // Of those; or more, where what was counted before turned out to be one of them.
  };

  // `window` is at least 10 ms.
  explicit RollingCounts(std::chrono::milliseconds window) : slot_width_(window / kSlots) {}

  void add(Instant now, Totals what) {
    Slot& slot = move_to(now);
    slot.totals.all += what.all;
    slot.totals.some += what.some;
  }
  Totals totals(Instant now) {
    move_to(now);
    Totals sum;
    for (const Slot& slot : slots_) {
      if (slot.number + static_cast<std::int64_t>(kSlots) <= current_) continue;
      sum.all += slot.totals.all;
      sum.some += slot.totals.some;
    }
    return sum;
  }
  void clear() { slots_ = {}; }

 private:
  static constexpr std::size_t kSlots = 10;
  struct Slot {
    std::int64_t number = 0;  // Of the tenth of a window that it is about, counted from the clock's beginning.
    Totals totals;
  };

  Slot& move_to(Instant now) {
    current_ = now.time_since_epoch() / slot_width_;
    Slot& slot = slots_[static_cast<std::size_t>(current_) % kSlots];
    if (slot.number != current_) slot = {.number = current_, .totals = {}};
    return slot;
  }

  std::chrono::nanoseconds slot_width_;
  std::int64_t current_ = 0;
  std::array<Slot, kSlots> slots_{};
};

}  // namespace edge::origin
