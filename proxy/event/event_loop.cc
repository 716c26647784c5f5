#include "event/event_loop.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "event/watch.h"

namespace edge::event {
namespace {

using EventConfigHandle = CHandle<event_config, event_config_free>;

// The loop that this thread runs.
thread_local const EventLoop* running_here = nullptr;

EventBaseHandle make_base() {
  const EventConfigHandle config{event_config_new()};
  EDGE_CHECK(config != nullptr);
  // Only the loop's thread touches the base; others come in through the eventfd.
  event_config_set_flag(config.get(), EVENT_BASE_FLAG_NOLOCK);
  EventBaseHandle base{event_base_new_with_config(config.get())};
  EDGE_CHECK(base != nullptr);
  return base;
}

}  // namespace

EventLoop::EventLoop(const Clock& clock)
    : clock_(clock), base_(make_base()), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  EDGE_CHECK(wake_fd_ >= 0);
  wake_watch_ = std::make_unique<Watch>(*this, wake_fd_, Watch::Readable, [this] { drain_wake(); });
  wake_watch_->arm();
}

EventLoop::~EventLoop() {
  // What is left may own things that hold timers of this loop, and may leave more behind as it goes.
  for (bool was_empty = false; !was_empty;) {
    std::vector<UniqueFunction<void()>> posted;
    std::vector<Doomed> doomed;
    {
      MutexLock lock(mutex_);
      posted.swap(posted_);
    }
    doomed.swap(doomed_);
    was_empty = posted.empty() && doomed.empty();
  }
  wake_watch_.reset();
  close(wake_fd_);
}

void EventLoop::run() {
  thread_ = std::this_thread::get_id();
  running_here = this;
  stopping_ = false;
  now_is_known_ = wall_is_known_ = false;  // What was asked before the run is long ago.
  while (!stopping_) {
    const bool idle = deferred_.is_empty() && doomed_.empty() && !has_posted_to_itself_;
    EDGE_CHECK(event_base_loop(base_.get(), idle ? EVLOOP_ONCE : EVLOOP_ONCE | EVLOOP_NONBLOCK) == 0);
    run_posted();
    deferred_.run();
    std::vector<Doomed> doomed;
    doomed.swap(doomed_);
    doomed.clear();
    now_is_known_ = wall_is_known_ = false;
  }
  running_here = nullptr;
  thread_ = {};
}

void EventLoop::stop() {
  post([this] { stopping_ = true; });
}

void EventLoop::post(UniqueFunction<void()> task) {
  bool was_empty;
  {
    MutexLock lock(mutex_);
    was_empty = posted_.empty();
    posted_.push_back(std::move(task));
  }
  if (running_here == this) {
    has_posted_to_itself_ = true;  // Not asleep, so no system calls are needed to wake it.
  } else if (was_empty) {
    wake();
  }
}

Instant EventLoop::now() {
  if (!now_is_known_) {
    now_ = clock_.now();
    now_is_known_ = true;
  }
  return now_;
}

WallTime EventLoop::wall() {
  if (!wall_is_known_) {
    wall_ = clock_.wall();
    wall_is_known_ = true;
  }
  return wall_;
}

bool EventLoop::is_current() const { return thread_ == std::thread::id{} || thread_ == std::this_thread::get_id(); }

void EventLoop::wake() noexcept {
  const std::uint64_t one = 1;
  // Can only fail when the counter is full, and then the loop is awake already.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void EventLoop::drain_wake() noexcept {
  std::uint64_t count;
  [[maybe_unused]] const ssize_t n = read(wake_fd_, &count, sizeof count);
}

void EventLoop::run_posted() {
  std::vector<UniqueFunction<void()>> tasks;
  has_posted_to_itself_ = false;
  {
    MutexLock lock(mutex_);
    tasks.swap(posted_);
  }
  for (auto& task : tasks) task();
}

}  // namespace edge::event
