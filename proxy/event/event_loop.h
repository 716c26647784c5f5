// libevent's loop, wrapped once. One per thread; everything made on it lives and dies on that thread.
//
// A turn: wait until something is ready, run all that is ready, run what was posted or deferred meanwhile, then free
// what was handed to destroy_later. So nobody is freed inside one of its own callbacks.
#pragma once

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/mutex.h"
#include "base/unique_function.h"
#include "event/deferred.h"

struct event_base;
extern "C" void event_base_free(event_base*);

namespace edge::event {

using EventBaseHandle = CHandle<event_base, event_base_free>;

class Watch;

class EventLoop {
 public:
  // `clock` must outlive the loop.
  explicit EventLoop(const Clock& clock);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs turns on the calling thread, which becomes the loop's, until stop().
  void run();

  // Ends run() after the current turn. Thread-safe.
  void stop();

  // Runs `task` on the loop's thread in a later turn, in the order of the posts. Thread-safe; the one way to another
  // thread. What was posted when run() has ended is destroyed, not run.
  void post(UniqueFunction<void()> task);

  // Frees `object` when this turn is over. Loop's thread only.
  template <class T>
  void destroy_later(std::unique_ptr<T> object) {
    doomed_.emplace_back(object.release(), [](void* doomed) { delete static_cast<T*>(doomed); });
  }

  // The time, read once a turn at most. Loop's thread only.
  Instant now();
  WallTime wall();
  const Clock& clock() const { return clock_; }

  // True on the loop's thread, and before the first run(), when whoever builds it may use it.
  bool is_current() const;

  // For this folder alone.
  event_base* base() { return base_.get(); }
  DeferredList& deferred() { return deferred_; }

 private:
  using Doomed = std::unique_ptr<void, void (*)(void*)>;

  void wake() noexcept;
  void drain_wake() noexcept;
  void run_posted();

  const Clock& clock_;
  EventBaseHandle base_;
  int wake_fd_;
  std::unique_ptr<Watch> wake_watch_;
  std::thread::id thread_;  // Written by run() before its first turn.

  bool now_is_known_ = false;
  bool wall_is_known_ = false;
  Instant now_{};
  WallTime wall_{};
  bool stopping_ = false;
  bool has_posted_to_itself_ = false;  // There may be tasks that nobody will wake it for.
  DeferredList deferred_{*this};
  std::vector<Doomed> doomed_;

  Mutex mutex_;
  std::vector<UniqueFunction<void()>> posted_ EDGE_GUARDED_BY(mutex_);
};

}  // namespace edge::event
