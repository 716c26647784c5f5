// Whether a request comes too soon after others like it.
#pragma once

#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "frontend/exchange.h"
#include "limit/rate_table.h"
#include "metrics/worker_metrics.h"
#include "serving/rate_rules.h"
#include "serving/routes.h"

namespace edge::serving {

struct RateRefusal {
  const RateRule& rule;
  std::chrono::nanoseconds wait;  // Until one would be allowed.
};

// One for the process, so that it does not matter which worker a client meets. Thread-safe; allocates nothing for a
// request, but where a token has to be read or an avatar's name is escaped, once a thread.
class RateLimiter {
 public:
  explicit RateLimiter(std::size_t entries) : table_(entries) {}

  // Whether the rule of the degraded mode counts; from now on, on all workers.
  void set_degraded(bool is_on) noexcept { is_degraded_.store(is_on, std::memory_order_relaxed); }
  bool is_degraded() const noexcept { return is_degraded_.load(std::memory_order_relaxed); }

  // Counts the request in each rule that it is for, in their order, until one refuses it. `path` is normalised, as
  // Routes wants it. The refusal refers to `rules`.
  std::optional<RateRefusal> refusal(const RateRules& rules, const frontend::Exchange& exchange, std::string_view path,
                                     const Routes& routes, Instant now, metrics::WorkerMetrics& metrics) {
    // Mostly there are none.
    if (rules.rules.empty() && !is_degraded()) return std::nullopt;
    return judge(rules, exchange, path, routes, now, metrics);
  }

 private:
  std::optional<RateRefusal> judge(const RateRules& rules, const frontend::Exchange& exchange, std::string_view path,
                                   const Routes& routes, Instant now, metrics::WorkerMetrics& metrics);

  limit::RateTable table_;
  std::atomic<bool> is_degraded_{false};
};

}  // namespace edge::serving
