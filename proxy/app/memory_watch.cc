#include "app/memory_watch.h"

#include <string>
#include <utility>

#include "app/heap.h"
#include "base/log.h"
#include "metrics/process_stats.h"

namespace edge::app {
namespace {

using serving::OverloadLevel;

constexpr std::chrono::milliseconds kPause{500};
// Sooner than an operator would look, seldom enough that what it costs is little beside the overload.
constexpr std::chrono::seconds kGiveBackPause{2};

}  // namespace

MemoryWatch::MemoryWatch(event::EventLoop& loop, UniqueFunction<void(OverloadLevel)> on_level)
    : loop_(loop), on_level_(std::move(on_level)), next_(loop, [this] { look(); }) {}

void MemoryWatch::set_limit(std::uint64_t bytes) {
  limit_ = bytes;
  look();
}

void MemoryWatch::look() {
  const std::uint64_t resident = limit_ > 0 ? measure() : 0;
  const OverloadLevel before = std::exchange(level_, memory_.note(resident, limit_));
  if (level_ != before) {
    log_warning("overload.memory", std::to_string(resident >> 20) + " MiB are in use: " + std::string(to_text(level_)));
    on_level_(level_);
  }
  if (limit_ > 0) next_.arm(kPause);
}

std::uint64_t MemoryWatch::measure() {
  const auto resident = metrics::try_read_resident_bytes();
  if (!resident) {
    log_error("overload.unknown", "/proc/self/statm cannot be read, so overload.memory limits nothing");
    return 0;
  }
  const Instant now = loop_.clock().now();
  if (serving::MemoryLevel().note(*resident, limit_) == OverloadLevel::None || now < may_give_back_at_)
    return *resident;
  may_give_back_at_ = now + kGiveBackPause;
  give_back_heap();
  return metrics::try_read_resident_bytes().value_or(*resident);
}

}  // namespace edge::app
