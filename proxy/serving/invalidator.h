// The one way to invalidate by hand or by a request: what that does to what this node holds, its counter, and, of an
// unsafe request, the word to the other nodes. Thread-safe. (Events of the feed are applied by its reader.)
#pragma once

#include <optional>
#include <string_view>

#include "cache/memory_cache.h"
#include "feed/feed.h"
#include "metrics/metrics.h"

namespace edge::serving {

class Invalidator {
 public:
  // `feed`: null where there is none.
  Invalidator(cache::MemoryCache& cache, metrics::Metrics& metrics, feed::Feed* feed = nullptr)
      : cache_(cache), metrics_(metrics), feed_(feed) {}

  // Of this node alone.
  cache::Invalidated update(std::string_view avatar, std::optional<std::uint64_t> version) {
    metrics_.invalidated(metrics::Invalidation::Update);
    return cache_.invalidate(avatar, {.version = version});
  }
  // Here at once; published right after, however long Redis is away (PROTOCOL R5).
  cache::Invalidated unsafe_request(std::string_view avatar, std::optional<std::uint64_t> version, bool is_delete) {
    metrics_.invalidated(metrics::Invalidation::UnsafeRequest);
    const cache::Invalidated done = cache_.invalidate(avatar, {.version = version});
    if (feed_) feed_->publish_surely({.avatar = std::string(avatar), .version = version, .is_delete = is_delete});
    return done;
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
  feed::Feed* const feed_;
};

}  // namespace edge::serving
