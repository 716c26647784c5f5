#include "event/watch.h"

#include <event2/event.h>

#include "base/check.h"

namespace edge::event {
namespace {

short event_flags(Watch::Interest interest) {
  switch (interest) {
    case Watch::Readable:
      return EV_READ | EV_PERSIST;
    case Watch::Writable:
      return EV_WRITE | EV_PERSIST;
    case Watch::ReadableOrWritable:
      return EV_READ | EV_WRITE | EV_PERSIST;
  }
  EDGE_CHECK(false);
}

}  // namespace

Watch::Watch(EventLoop& loop, int fd, Interest interest, UniqueFunction<void()> on_ready)
    : loop_(loop),
      on_ready_(std::move(on_ready)),
      event_(event_new(loop.base(), fd, event_flags(interest), &Watch::trampoline, this)) {
  EDGE_CHECK(event_ != nullptr);
}

void Watch::arm() {
  EDGE_CHECK(loop_.is_current());
  if (armed_) return;
  EDGE_CHECK(event_add(event_.get(), nullptr) == 0);
  armed_ = true;
}

void Watch::disarm() noexcept {
  if (!armed_) return;
  event_del(event_.get());
  armed_ = false;
}

void Watch::trampoline(int, short, void* self) noexcept { static_cast<Watch*>(self)->on_ready_(); }

}  // namespace edge::event
