// Push-fill: what an update has dropped, though it was asked for lately, is filled again before the first client misses
// it. Where nodes share a tier the first of them asks the origin, and the others find it there.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "cache/memory_cache.h"
#include "event/event_loop.h"
#include "event/timer.h"
#include "metrics/worker_metrics.h"

namespace edge::serving {

class FillRunner;

// Of one worker. Loop's thread only; what it is given outlives it.
class PushFiller {
 public:
  static constexpr std::size_t kQueueMax = 10'000;         // Responses that wait; more are left to clients.
  static constexpr std::chrono::milliseconds kJitter{50};  // So that the nodes of a site do not ask as one.
  // While a fill runs for the URL, perhaps for another variant of it.
  static constexpr std::uint32_t kTriesMax = 10;
  static constexpr std::chrono::milliseconds kRetryPause{50};

  PushFiller(event::EventLoop& loop, cache::MemoryCache& cache, FillRunner& fills, metrics::WorkerMetrics& metrics);
  PushFiller(const PushFiller&) = delete;
  PushFiller& operator=(const PushFiller&) = delete;

  // Fills under way at once; the rest waits.
  void set_concurrent_max(std::size_t concurrent_max) { concurrent_max_ = concurrent_max; }
  void push(std::string avatar, cache::HotResponse hot);

 private:
  friend class PushDirectory;
  struct Wanted {
    Instant due{};
    std::string avatar;
    cache::HotResponse hot;
    std::uint32_t tries = 0;
  };

  void wait_for_turn(Wanted wanted);
  void start_due();
  void start(Wanted wanted);
  void on_ended();

  event::EventLoop& loop_;
  cache::MemoryCache& cache_;
  FillRunner& fills_;
  metrics::WorkerMetrics& metrics_;
  std::size_t concurrent_max_ = 16;
  std::size_t under_way_ = 0;
  std::deque<Wanted> queue_;  // By when they are due.
  event::Timer due_;
};

// All workers' push-fillers. Filled before the workers' threads start, constant afterwards.
class PushDirectory {
 public:
  void add(PushFiller& filler) { fillers_.push_back({&filler.loop_, &filler}); }
  // Posts each to the worker it falls to. Thread-safe. The loops outlive the fillers; what is posted to one that has
  // ended is not run.
  void push(std::string_view avatar, std::vector<cache::HotResponse> hot) const;

 private:
  struct Place {
    event::EventLoop* loop;
    PushFiller* filler;
  };
  std::vector<Place> fillers_;
};

}  // namespace edge::serving
