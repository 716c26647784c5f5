// What a scrape reads from parts that count for themselves and know no metrics.
#pragma once

#include "cache/memory_cache.h"
#include "feed/feed.h"
#include "metrics/metrics.h"

namespace edge::app {

// As it is now. Thread-safe.
metrics::CacheGauges cache_gauges(const cache::MemoryCache& cache);
metrics::FeedGauges feed_gauges(const feed::Feed& feed);

}  // namespace edge::app
