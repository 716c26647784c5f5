// How long whoever becomes ready waits until its loop comes to it.
#pragma once

#include <chrono>
#include <optional>

#include "base/unique_function.h"
#include "event/timer.h"
#include "event/watch.h"

namespace edge::event {

// A descriptor of its own becomes ready, stands in line with all others, and is asked how long that took. So what more
// are ready for than one turn takes counts as well, which a timer would not see. Costs two turns and two system calls a
// probe. Owned by whoever wants to know. Loop's thread only.
class LagProbe {
 public:
  using OnLag = UniqueFunction<void(std::chrono::nanoseconds lag)>;

  // Goes on for as long as it lives: `pause` after one probe has come back, the next sets out. `on_lag` must not
  // destroy it.
  LagProbe(EventLoop& loop, std::chrono::milliseconds pause, OnLag on_lag);
  ~LagProbe();
  LagProbe(const LagProbe&) = delete;
  LagProbe& operator=(const LagProbe&) = delete;

 private:
  void set_out();
  void on_back();

  EventLoop& loop_;
  const std::chrono::milliseconds pause_;
  OnLag on_lag_;
  Instant set_out_at_{};
  const int fd_;
  std::optional<Watch> watch_;  // Goes before its descriptor.
  Timer next_;
};

}  // namespace edge::event
