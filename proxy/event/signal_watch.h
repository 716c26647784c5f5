// A process signal, delivered as a callback of the loop.
#pragma once

#include "base/unique_function.h"
#include "event/watch.h"

namespace edge::event {

// Owned by the application; at most one loop of a process watches signals. Loop's thread only.
class SignalWatch {
 public:
  SignalWatch(EventLoop& loop, int signal_number, UniqueFunction<void()> on_signal);

 private:
  static void trampoline(int fd, short what, void* self) noexcept;

  UniqueFunction<void()> on_signal_;
  EventHandle event_;  // Last member, so first to go: no event can outlive on_signal_.
};

}  // namespace edge::event
