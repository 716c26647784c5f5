// What the harness does to the world at the moment, and since when; by this is judged what the edge may be excused for.
#pragma once

#include <atomic>
#include <deque>

#include "moment.h"

namespace prove {

// Something that is either so or not.
class Condition {
 public:
  void begin() { since_.store(BootClock::now(), std::memory_order_release), is_on_.store(true); }
  void end() { since_.store(BootClock::now(), std::memory_order_release), is_on_.store(false); }

  bool is_on() const { return is_on_.load(); }
  // Not so now, nor at any time since `from`.
  bool was_off_since(Moment from) const { return !is_on() && since_.load(std::memory_order_acquire) <= from; }
  // Since when it has been so; Moment::max() if it is not.
  Moment on_since() const { return is_on() ? since_.load(std::memory_order_acquire) : Moment::max(); }

 private:
  std::atomic<bool> is_on_{false};
  std::atomic<Moment> since_{Moment{}};
};

struct Conditions {
  explicit Conditions(std::size_t nodes) : node_down(nodes), node_cut(nodes) {}

  std::deque<Condition> node_down;  // Killed or stopped.
  std::deque<Condition> node_cut;   // Hears nothing of Redis.
  Condition redis_down;             // Killed or stopped: no proof can succeed.
  Condition origin_unwell;          // Fails, or takes longer than the edge waits.
  Condition origin_lags;            // Some answers are those of a while ago.
  Condition disturbed;              // Anything at all.

  // After it is well again, the edge may leave an origin alone for this long: origin.breaker.open_max, and what a busy
  // machine adds.
  static constexpr Duration kOriginGrace = std::chrono::seconds(5);
  bool is_origin_excused(Moment from) const { return !origin_unwell.was_off_since(from - kOriginGrace); }
  bool is_lag_excused(Moment from) const { return !origin_lags.was_off_since(from); }
};

}  // namespace prove
