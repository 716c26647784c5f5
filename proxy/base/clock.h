// Time is given, not taken. Instants measure waits, ages and leases on CLOCK_BOOTTIME, which goes on while the machine
// sleeps; wall time is only for what HTTP and logs write down.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace edge {

struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock>;
  static constexpr bool is_steady = true;
};

using Instant = BootClock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall() const override;
};

// For tests: stands still until it is advanced.
class FakeClock final : public Clock {
 public:
  Instant now() const override { return Instant{std::chrono::nanoseconds{since_start_.load()}}; }
  WallTime wall() const override {
    return WallTime{std::chrono::milliseconds{1'763'800'000'000 + since_start_.load() / 1'000'000}};
  }
  void advance(std::chrono::nanoseconds by) { since_start_ += by.count(); }

 private:
  std::atomic<std::int64_t> since_start_{1'000'000'000};
};

}  // namespace edge
