#include "event/timer.h"

#include <event2/event.h>

#include <algorithm>

#include "base/check.h"

namespace edge::event {

Timer::Timer(EventLoop& loop, UniqueFunction<void()> on_fire)
    : loop_(loop), on_fire_(std::move(on_fire)), event_(event_new(loop.base(), -1, 0, &Timer::trampoline, this)) {
  EDGE_CHECK(event_ != nullptr);
}

void Timer::arm(std::chrono::milliseconds delay) {
  EDGE_CHECK(loop_.is_current());
  delay = std::max(delay, std::chrono::milliseconds{0});
  const timeval wait{.tv_sec = delay.count() / 1000, .tv_usec = delay.count() % 1000 * 1000};
  EDGE_CHECK(event_add(event_.get(), &wait) == 0);
  armed_ = true;
}

void Timer::disarm() noexcept {
  if (!armed_) return;
  event_del(event_.get());
  armed_ = false;
}

void Timer::trampoline(int, short, void* self) noexcept {
  auto* timer = static_cast<Timer*>(self);
  timer->armed_ = false;
  timer->on_fire_();
}

}  // namespace edge::event
