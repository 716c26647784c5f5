#include "serving/overload.h"

#include <algorithm>

namespace edge::serving {
namespace {

// Where each level but the first begins.
using Steps = std::array<std::uint64_t, 3>;
constexpr Steps kLagPercent{100, 200, 400};
constexpr Steps kMemoryPercent{90, 95, 100};

OverloadLevel reached(std::uint64_t percent, const Steps& steps) {
  return static_cast<OverloadLevel>(std::ranges::count_if(steps, [=](std::uint64_t step) { return percent >= step; }));
}

std::uint64_t percent_of(std::uint64_t value, std::uint64_t limit) { return value * 100 / limit; }

}  // namespace

std::string_view to_text(OverloadLevel level) noexcept {
  switch (level) {
    case OverloadLevel::None:
      return "nothing is refused for that";
    case OverloadLevel::Connections:
      return "new connections wait";
    case OverloadLevel::Fills:
      return "new connections wait, and what is not held is answered 503";
    case OverloadLevel::Hits:
      return "new connections wait, and all that is asked for is answered 503";
  }
  return {};
}

OverloadLevel LagLevel::note(std::chrono::nanoseconds lag, std::chrono::milliseconds limit) {
  last_[next_++ % kProbes] = lag;
  if (limit.count() == 0) return level_ = OverloadLevel::None;
  const auto percent = [limit](std::chrono::nanoseconds of) {
    return percent_of(static_cast<std::uint64_t>(of.count()),
                      static_cast<std::uint64_t>(std::chrono::nanoseconds(limit).count()));
  };
  const auto longest = *std::ranges::max_element(last_);
  return level_ = std::clamp(level_, reached(percent(sustained()), kLagPercent),
                             reached(percent(longest) * 4 / 3, kLagPercent));
}

std::chrono::nanoseconds LagLevel::sustained() const { return *std::ranges::min_element(last_); }

OverloadLevel MemoryLevel::note(std::uint64_t resident_bytes, std::uint64_t limit) {
  if (limit == 0) return level_ = OverloadLevel::None;
  const std::uint64_t percent = percent_of(resident_bytes, limit);
  return level_ = std::clamp(level_, reached(percent, kMemoryPercent), reached(percent + 3, kMemoryPercent));
}

}  // namespace edge::serving
