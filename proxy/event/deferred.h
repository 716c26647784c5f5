// Work for the end of the turn: scheduled any number of times, run once, forgotten when destroyed. Scheduling costs no
// allocation.
#pragma once

#include "base/unique_function.h"

namespace edge::event {

class EventLoop;

// A member of what `task` works on. Loop's thread only. The loop must outlive it.
class Deferred {
 public:
  Deferred(EventLoop& loop, UniqueFunction<void()> task) : loop_(loop), task_(std::move(task)) {}
  ~Deferred() { unlink(); }
  Deferred(const Deferred&) = delete;
  Deferred& operator=(const Deferred&) = delete;

  // Runs the task when the callbacks of this turn are over; scheduled from there, in the next turn.
  void schedule();
  bool is_scheduled() const noexcept { return next_ != nullptr; }

 private:
  friend class DeferredList;
  void unlink() noexcept {
    if (!next_) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }

  EventLoop& loop_;
  UniqueFunction<void()> task_;
  Deferred* next_ = nullptr;
  Deferred* previous_ = nullptr;
};

// The loop's list of what is scheduled, in order.
class DeferredList {
 public:
  explicit DeferredList(EventLoop& loop) : head_(loop, {}), end_of_turn_(loop, {}) {
    head_.next_ = head_.previous_ = &head_;
  }
  ~DeferredList() { head_.next_ = nullptr; }

  bool is_empty() const noexcept { return head_.next_ == &head_; }
  void push_back(Deferred& deferred) noexcept;
  // Runs what is scheduled now, not what that schedules.
  void run();

 private:
  Deferred head_;
  Deferred end_of_turn_;  // In the list only during run().
};

}  // namespace edge::event
