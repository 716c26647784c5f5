// The one way to invalidate: what an update event, an unsafe request or a purge does to what this node holds, and its
// counter. Thread-safe.
#pragma once

#include <optional>
#include <string_view>

#include "cache/memory_cache.h"
#include "metrics/metrics.h"

namespace edge::serving {

class Invalidator {
 public:
  Invalidator(cache::MemoryCache& cache, metrics::Metrics& metrics) : cache_(cache), metrics_(metrics) {}

  cache::Invalidated update(std::string_view avatar, std::optional<std::uint64_t> version) {
    metrics_.invalidated(metrics::Invalidation::Update);
    return cache_.invalidate(avatar, version);
  }
  cache::Invalidated unsafe_request(std::string_view avatar) {
    metrics_.invalidated(metrics::Invalidation::UnsafeRequest);
    return cache_.invalidate(avatar, std::nullopt);
  }
  cache::Invalidated purge_avatar(std::string_view avatar, cache::PurgeMode mode) {
    count_purge(mode);
    return cache_.purge_avatar(avatar, mode);
  }
  cache::Invalidated purge_url(const cache::CacheKey& key, cache::PurgeMode mode) {
    count_purge(mode);
    return cache_.purge_url(key, mode);
  }
  cache::Invalidated purge_all(cache::PurgeMode mode) {
    count_purge(mode);
    return cache_.purge_all(mode);
  }

 private:
  void count_purge(cache::PurgeMode mode) {
    metrics_.invalidated(mode == cache::PurgeMode::Soft ? metrics::Invalidation::PurgeSoft
                                                        : metrics::Invalidation::PurgeHard);
  }

  cache::MemoryCache& cache_;
  metrics::Metrics& metrics_;
};

}  // namespace edge::serving
