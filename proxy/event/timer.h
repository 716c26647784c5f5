// One deadline at a time.
#pragma once

#include <chrono>

#include "base/unique_function.h"
#include "event/watch.h"

namespace edge::event {

// Owned by whoever waits. Loop's thread only.
class Timer {
 public:
  Timer(EventLoop& loop, UniqueFunction<void()> on_fire);
  // Fires once, `delay` from now; an earlier deadline is forgotten. A delay below zero is zero.
  void arm(std::chrono::milliseconds delay);
  void disarm() noexcept;
  bool is_armed() const noexcept { return armed_; }

 private:
  static void trampoline(int fd, short what, void* self) noexcept;

  EventLoop& loop_;
  bool armed_ = false;
  UniqueFunction<void()> on_fire_;
  EventHandle event_;  // Last member, so first to go: no event can outlive on_fire_.
};

}  // namespace edge::event
