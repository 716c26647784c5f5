// Whether the origin is left alone because somebody works on it: what is held is answered, also where the tier has it
// and where stale-if-error allows it, and all else is refused. Update events go on.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

namespace edge::serving {

struct MaintenanceOptions {
  bool is_on = false;
  std::string file{};  // While it exists, it is on as well; empty: none.
  std::chrono::milliseconds retry_after{
      120'000};  // What clients are told that are refused; in whole seconds, rounded up.
};

// One for the process. Thread-safe.
class Maintenance {
 public:
  void set(bool is_on) noexcept { is_on_.store(is_on, std::memory_order_relaxed); }
  bool is_on() const noexcept { return is_on_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> is_on_{false};
};

}  // namespace edge::serving
