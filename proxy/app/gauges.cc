#include "app/gauges.h"

#include <chrono>

#include "metrics/outcome.h"

namespace edge::app {

metrics::CacheGauges cache_gauges(const cache::MemoryCache& cache) {
  const cache::CacheStatistics now = cache.statistics();
  metrics::CacheGauges gauges{
      .bytes = now.bytes, .budget_bytes = now.bytes_max, .stored_responses = now.entries, .floors = now.floors};
  gauges.evictions[static_cast<std::size_t>(metrics::EvictionQueue::Small)] = now.evicted_small;
  gauges.evictions[static_cast<std::size_t>(metrics::EvictionQueue::Main)] = now.evicted_main;
  gauges.ghost_hits = now.ghost_hits;
  return gauges;
}

metrics::FeedGauges feed_gauges(const feed::Feed& feed) {
  const auto position = feed.position().value_or(cache::EventId{});
  return {.lease_remaining_seconds = std::chrono::duration<double>(feed.lease_left()).count(),
          .position_seconds = static_cast<double>(position.milliseconds) / 1000};
}

}  // namespace edge::app
