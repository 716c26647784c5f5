// How many second attempts the origin is asked to bear.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "origin/rolling_counts.h"

namespace edge::origin {

struct RetryOptions {
  std::uint32_t percent = 20;        // Of the fetches of the last ten seconds.
  std::uint32_t per_second_min = 3;  // Allowed in any case, so that a quiet worker may retry too.
};

// Where a fetch in ten fails, a second attempt at each costs the origin a tenth more. Where all fail, it would double
// the load of an origin that cannot bear what it has. So attempts beyond the first are limited to a share of the
// fetches, whatever the reason. Owned by its Origin; loop's thread only.
class RetryBudget {
 public:
  explicit RetryBudget(const RetryOptions& options) : options_(options) {}

  void note_fetch(Instant now) { counts_.add(now, {.all = 1}); }
  // False where it is spent.
  bool try_spend(Instant now) {
    const auto [fetches, retries] = counts_.totals(now);
    const std::uint64_t allowed =
        fetches * options_.percent / 100 + options_.per_second_min * static_cast<std::uint64_t>(kWindow.count());
    if (retries >= allowed) return false;
    spend(now);
    return true;
  }
  // What cannot be refused, so that less is left for what can.
  void spend(Instant now) { counts_.add(now, {.all = 0, .some = 1}); }
  void reload(const RetryOptions& options) { options_ = options; }

 private:
  static constexpr std::chrono::seconds kWindow{10};

  RetryOptions options_;
  RollingCounts counts_{kWindow};
};

}  // namespace edge::origin
