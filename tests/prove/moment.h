// The one clock by which everything here is judged. It goes on while a process is stopped or the machine sleeps.
#pragma once

#include <chrono>
#include <ctime>

namespace prove {

using Duration = std::chrono::nanoseconds;

struct BootClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;

  static time_point now() noexcept {
    timespec time{};
    clock_gettime(CLOCK_BOOTTIME, &time);
    return time_point(std::chrono::seconds(time.tv_sec) + Duration(time.tv_nsec));
  }
};

using Moment = BootClock::time_point;

inline double milliseconds(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace prove
