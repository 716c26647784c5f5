// How much memory the process has, against what it may have.
#pragma once

#include <cstdint>

#include "base/unique_function.h"
#include "event/timer.h"
#include "serving/overload.h"

namespace edge::app {

// Owned by the edge; main's thread only.
//
// Before anybody has to do without for it, the heap is asked for what it keeps though nobody uses it: else a peak would
// count for ever. That is worth its price here alone: meanwhile nobody gets memory, which may be some tens of
// milliseconds for each GiB, and huge pages are broken up.
class MemoryWatch {
 public:
  // `on_level` runs at each change, perhaps within set_limit.
  MemoryWatch(event::EventLoop& loop, UniqueFunction<void(serving::OverloadLevel)> on_level);

  // 0: none. Looks at once, and then twice a second.
  void set_limit(std::uint64_t bytes);

 private:
  void look();
  std::uint64_t measure();

  event::EventLoop& loop_;
  UniqueFunction<void(serving::OverloadLevel)> on_level_;
  std::uint64_t limit_ = 0;
  serving::MemoryLevel memory_;
  serving::OverloadLevel level_ = serving::OverloadLevel::None;
  Instant may_give_back_at_{};
  event::Timer next_;
};

}  // namespace edge::app
