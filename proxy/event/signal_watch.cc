#include "event/signal_watch.h"

#include <event2/event.h>

#include "base/check.h"

namespace edge::event {

SignalWatch::SignalWatch(EventLoop& loop, int signal_number, UniqueFunction<void()> on_signal)
    : on_signal_(std::move(on_signal)),
      event_(event_new(loop.base(), signal_number, EV_SIGNAL | EV_PERSIST, &SignalWatch::trampoline, this)) {
  EDGE_CHECK(event_ != nullptr);
  EDGE_CHECK(event_add(event_.get(), nullptr) == 0);
}

void SignalWatch::trampoline(int, short, void* self) noexcept { static_cast<SignalWatch*>(self)->on_signal_(); }

}  // namespace edge::event
