#include "event/lag_probe.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "base/check.h"

namespace edge::event {

LagProbe::LagProbe(EventLoop& loop, std::chrono::milliseconds pause, OnLag on_lag)
    : loop_(loop),
      pause_(pause),
      on_lag_(std::move(on_lag)),
      fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      next_(loop, [this] { set_out(); }) {
  EDGE_CHECK(fd_ >= 0);
  watch_.emplace(loop, fd_, Watch::Readable, [this] { on_back(); });
  watch_->arm();
  next_.arm(pause_);
}

LagProbe::~LagProbe() {
  watch_.reset();
  close(fd_);
}

void LagProbe::set_out() {
  // Not the turn's time, which may be long ago by now.
  set_out_at_ = loop_.clock().now();
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(fd_, &one, sizeof one);
}

void LagProbe::on_back() {
  std::uint64_t count;
  [[maybe_unused]] const ssize_t n = read(fd_, &count, sizeof count);
  const auto lag = loop_.clock().now() - set_out_at_;
  next_.arm(pause_);
  on_lag_(lag);
}

}  // namespace edge::event
