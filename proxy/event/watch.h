// Readiness of one file descriptor, level-triggered, until disarmed.
#pragma once

#include "base/handle.h"
#include "base/unique_function.h"
#include "event/event_loop.h"

struct event;
extern "C" void event_free(event*);

namespace edge::event {

using EventHandle = CHandle<::event, event_free>;

// Owned by whoever owns the descriptor; `fd` must stay open while the watch lives. Loop's thread only.
class Watch {
 public:
  enum Interest { Readable, Writable, ReadableOrWritable };

  // `on_ready` runs in the loop each turn in which the descriptor is ready (or in error).
  Watch(EventLoop& loop, int fd, Interest interest, UniqueFunction<void()> on_ready);
  void arm();
  void disarm() noexcept;
  bool is_armed() const noexcept { return armed_; }

 private:
  static void trampoline(int fd, short what, void* self) noexcept;

  EventLoop& loop_;
  bool armed_ = false;
  UniqueFunction<void()> on_ready_;
  EventHandle event_;  // Last member, so first to go: no event can outlive on_ready_.
};

}  // namespace edge::event
