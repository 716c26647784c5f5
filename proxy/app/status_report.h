// What GET /status of the admin port says of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "app/config.h"
#include "app/listeners.h"
#include "app/reload_history.h"
#include "base/clock.h"
#include "cache/memory_cache.h"
#include "feed/feed.h"
#include "metrics/metrics.h"
#include "origin/health_checker.h"
#include "serving/maintenance.h"
#include "serving/rate_limiter.h"
#include "tier2/tier_state.h"

namespace edge::app {

// Owned by the edge. Main's thread only.
class StatusReport {
 public:
  // What it tells of; must outlive it.
  struct Parts {
    const Clock& clock;
    Instant started_at;
    std::size_t workers;
    std::uint32_t generation;  // Processes before this one, each in the place of the last.
    const Config& config;      // That in force.
    const std::filesystem::path& config_file;
    const ReloadHistory& reloads;
    const Listeners& listeners;
    const origin::HealthChecker& health;
    const feed::Feed* feed;  // Null: none.
    const tier2::TierState& tier;
    const cache::MemoryCache& cache;
    const serving::Maintenance& maintenance;
    const serving::RateLimiter& rates;
    const metrics::Metrics& metrics;
  };
  explicit StatusReport(const Parts& parts) : parts_(parts) {}

  // As it is now: an object of JSON, indented, for people too.
  std::string json(bool is_draining) const;

 private:
  const Parts parts_;
};

}  // namespace edge::app
