// Named points at which a test holds a thread, so that a race stands open for as long as the test needs, instead of
// being hoped for. Where nothing is held a point costs one relaxed load.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <string_view>

namespace edge {

// How many points are held now, anywhere in the process.
inline std::atomic<int> held_pause_points{0};

// Stops here while a test holds the point of that name, a constant.
void stop_at_held_point(std::string_view name);
inline void pause_point(std::string_view name) {
  if (held_pause_points.load(std::memory_order_relaxed) != 0) [[unlikely]]
    stop_at_held_point(name);
}

// For tests: catches the first thread that comes to the point; those that come after it pass. Made before that thread
// is started or told to go there; outlives nothing that is caught, for its destructor lets go and waits until the
// thread has gone on.
class HeldPoint {
 public:
  explicit HeldPoint(std::string_view name);
  ~HeldPoint();
  HeldPoint(const HeldPoint&) = delete;
  HeldPoint& operator=(const HeldPoint&) = delete;

  // Returns when a thread stands there.
  void wait_for_arrival();
  // The thread goes on; one that comes later passes.
  void let_go();

 private:
  friend void stop_at_held_point(std::string_view name);
  enum class State { Open, Caught, Released, Left };

  const std::string_view name_;
  State state_ = State::Open;  // Guarded by the one mutex of all points.
  std::condition_variable changed_;
};

}  // namespace edge
