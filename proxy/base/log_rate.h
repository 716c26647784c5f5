// How many lines of one kind may be logged in a second.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"

namespace edge {

// A second begins with the first line of a kind; kinds do not affect each other. Not thread-safe; owned by the log.
// It remembers each kind for good: kinds are constants of ours, so their number has a bound.
class LogRate {
 public:
  // 0: no limit.
  explicit LogRate(std::uint32_t per_second_max) : per_second_max_(per_second_max) {}
  void set_per_second_max(std::uint32_t per_second_max) noexcept { per_second_max_ = per_second_max; }

  struct Verdict {
    bool admitted;
    std::uint64_t left_out_before;  // Lines of this kind that were refused since the last one that was admitted.
  };
  Verdict admit(std::string_view kind, Instant now);

  // Calls report(kind, lines) for each kind with refused lines that no verdict has told of, and forgets them.
  template <class Report>
  void take_left_out(Report report) {
    for (auto& [kind, state] : kinds_)
      if (const std::uint64_t lines = std::exchange(state.left_out, 0); lines > 0)
        report(std::string_view(kind), lines);
  }

 private:
  struct Kind {
    Instant second_began;
    std::uint32_t admitted = 0;  // In that second.
    std::uint64_t left_out = 0;
  };

  std::uint32_t per_second_max_;
  std::map<std::string, Kind, std::less<>> kinds_;
};

}  // namespace edge
