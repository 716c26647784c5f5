// Asks each URL of the origin, again and again, whether it is well.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/unique_function.h"
#include "event/event_loop.h"
#include "metrics/worker_metrics.h"
#include "origin/origin.h"

namespace edge::origin {

// One for the process, and not one a worker: workers times nodes times URLs would be many requests for little news.
// What it finds is told to each worker's Origin. Nothing is checked where HealthOptions names no path.
//
// - A check is a GET, as a fetch makes one, by an Origin of its own with that URL alone, without breaker, retries or
//   ejection; so TLS, timeouts and errors mean the same. It is counted among checks and never among fetches.
// - It has a connection of its own as a rule, since whether one can be made is part of what is asked.
// - The first comes within an interval, at a time that is chosen at random for each URL, so that the nodes of many
//   sites, started together by one deployment, do not ask together, then or later.
//
// Loop's thread only.
class HealthChecker {
 public:
  // Hears what is unhealthy after each change and after each reload.
  using OnChange = UniqueFunction<void(std::shared_ptr<const UnhealthyUrls>)>;

  // `metrics` outlives it.
  HealthChecker(event::EventLoop& loop, const OriginOptions& options, std::uint32_t seed,
                metrics::WorkerMetrics& metrics, OnChange on_change);
  ~HealthChecker();
  HealthChecker(const HealthChecker&) = delete;
  HealthChecker& operator=(const HealthChecker&) = delete;

  // What is thought of URLs that stay is kept, until checks say otherwise.
  void reload(const OriginOptions& options);
  // As they were configured.
  std::vector<std::string> unhealthy() const;

 private:
  class CheckedUrl;

  void tell();
  std::chrono::milliseconds first_wait();

  event::EventLoop& loop_;
  HealthOptions options_;
  std::minstd_rand random_;
  metrics::WorkerMetrics& metrics_;
  OnChange on_change_;
  std::vector<std::unique_ptr<CheckedUrl>> urls_;
};

}  // namespace edge::origin
