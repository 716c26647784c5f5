// Whether the origin as a whole is asked at all.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "base/clock.h"
#include "metrics/worker_metrics.h"
#include "origin/rolling_counts.h"

namespace edge::origin {

struct BreakerOptions {
  std::uint32_t failed_percent = 50;          // Of the fetches in the window, which open it; 0: it never opens.
  std::uint32_t fetches_min = 20;             // In the window, or nothing is concluded.
  std::chrono::milliseconds window{10'000};   // At least 10 ms.
  std::chrono::milliseconds open{500};        // Until the first probe, at most; doubled by each that fails.
  std::chrono::milliseconds open_max{1'000};  // Not less than `open`.
  std::uint32_t probes = 3;                   // Fetches in a row that must be answered to close it; at least 1.
};

// Closed, it lets every fetch through and counts how many fail. Open, it lets none through, so that clients hear at
// once what they would have waited for, and an origin that is overloaded can recover. Half-open, it lets through one
// fetch a wait, and after a first answer `probes` of them; enough answers close it, a failure opens it again.
//
// - A wait is cut by up to a quarter at random, or all workers and all nodes would probe at the same instant.
// - A probe that has not been answered when the next wait is over no longer counts, except for its success: one that
// was
//   sent into the void just before the origin came back delays nobody. So recovery is seen within `open_max` and the
//   time of an answer, as soon as there is anybody who asks.
// - What was begun before a change of mind says nothing of what has been since, and does not count.
// - Half-open, and nobody has asked for a window: what is known is too old to be held against the origin. It closes.
//
// One a worker: it is asked for each fetch and costs no lock, a worker that is wrong (a broken connection, a full
// descriptor table) harms its own clients alone, and each has fetches enough to judge by where it matters. The price is
// one probe for each worker. Owned by its Origin; loop's thread only.
class Breaker {
 public:
  using State = metrics::BreakerState;

  // What a fetch that was let through is known by.
  struct Ticket {
    std::uint32_t period = 0;
    std::uint32_t round = 0;  // Of probes; 0: it is none.
  };

  // `metrics` outlives it.
  Breaker(const BreakerOptions& options, std::uint32_t seed, metrics::WorkerMetrics& metrics);
  ~Breaker();
  Breaker(const Breaker&) = delete;
  Breaker& operator=(const Breaker&) = delete;

  // Nothing where the fetch must not be made.
  std::optional<Ticket> try_admit(Instant now);
  // Whether try_admit would answer nothing.
  bool refuses(Instant now) const;
  // How long it will be until a fetch may be let through; at least 0.
  std::chrono::milliseconds wait(Instant now) const;

  // What became of a fetch that was let through, once each at most; both where the answer broke after its head.
  void note_answer(Ticket ticket, Instant now);
  void note_failure(Ticket ticket, Instant now, bool was_answered);
  // Nothing can be said of the origin; another may take its place.
  void withdraw(Ticket ticket);

  State state() const { return state_; }
  // When tick() is due, so that the state that is shown is right though nobody asks; Instant::max(): never.
  Instant next_tick() const;
  void tick(Instant now);
  void reload(const BreakerOptions& options);

 private:
  bool is_on() const { return options_.failed_percent > 0; }
  void enter(State state);
  void open(Instant now);
  void close();
  void begin_round(Instant now);

  BreakerOptions options_;
  metrics::WorkerMetrics& metrics_;
  std::minstd_rand random_;
  State state_ = State::Closed;
  RollingCounts counts_;
  std::uint32_t period_ = 0;  // From one closing to the next opening, and from that to the next closing.

  // While not closed.
  std::uint32_t round_ = 0;
  std::uint32_t probes_left_ = 0;  // Fetches that may still be let through in this round.
  std::uint32_t answers_ = 0;      // In a row.
  std::chrono::milliseconds wait_{};
  Instant next_round_at_{};
};

}  // namespace edge::origin
