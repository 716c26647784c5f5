// Which checks are due when. Pure and bounded; not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "base/clock.h"

namespace edge::verify {

class Plan {
 public:
  // A change, by its number, is to be checked so long after it was heard of: at the time-scale with that index.
  struct Due {
    Instant at;
    std::uint64_t change;
    std::size_t scale;
  };

  // `scales` in ascending order.
  Plan(std::vector<std::chrono::milliseconds> scales, std::size_t checks_max)
      : scales_(std::move(scales)), checks_max_(checks_max) {}

  // Plans all time-scales of the change. False, and nothing is planned, where there is no room for them.
  bool add(std::uint64_t change, Instant heard);
  // What is due by `now`, the earliest first; no longer in the plan.
  std::vector<Due> take_due(Instant now);
  // When the next one is.
  std::optional<Instant> next() const;
  std::size_t size() const noexcept { return planned_.size(); }

 private:
  struct Later {
    bool operator()(const Due& a, const Due& b) const noexcept { return a.at > b.at; }
  };

  const std::vector<std::chrono::milliseconds> scales_;
  const std::size_t checks_max_;
  std::priority_queue<Due, std::vector<Due>, Later> planned_;
};

}  // namespace edge::verify
