// The one way to invalidate by hand or by a request: what that does to what this node holds, its counter, and, of an
// unsafe request, the word to the other nodes. Thread-safe. (Events of the feed are applied by its reader.)
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cache/memory_cache.h"
#include "feed/feed.h"
#include "metrics/metrics.h"
#include "serving/push_filler.h"

namespace edge::serving {

// One by hand, for who must repeat it.
struct Purge {
  enum class What { Avatar, Url, All };
  What what = What::All;
  cache::PurgeMode mode = cache::PurgeMode::Hard;
  std::string name{};  // The avatar, or the URL: path and query, normalised.
};

class Invalidator {
 public:
  // `feed`: null where there is none. `pushes`: where what was hot is filled again; null: nowhere.
  Invalidator(cache::MemoryCache& cache, metrics::Metrics& metrics, feed::Feed* feed = nullptr,
              PushDirectory* pushes = nullptr)
      : cache_(cache), metrics_(metrics), feed_(feed), pushes_(pushes) {}

  // `purged` hears of each purge once it is done here, on the thread that has done it. To be set before other threads
  // purge.
  void on_purge(std::function<void(Purge)> purged) { purged_ = std::move(purged); }

  // Of this node alone. `id`: of the event that it was published as, if it was.
  cache::Invalidated update(std::string_view avatar, std::optional<std::uint64_t> version, cache::EventId id = {}) {
    metrics_.invalidated(metrics::Invalidation::Update);
    const cache::Invalidated done = invalidate(avatar, {.version = version});
    // Not as its event: this node may read another life of the feed than it was published in.
    if (id != cache::EventId{}) cache_.note_published(avatar, id);
    return done;
  }
  // Here at once; published right after, however long Redis is away (PROTOCOL R5).
  cache::Invalidated unsafe_request(std::string_view avatar, std::optional<std::uint64_t> version, bool is_delete) {
    metrics_.invalidated(metrics::Invalidation::UnsafeRequest);
    const cache::Invalidated done = invalidate(avatar, {.version = version});
    if (feed_) feed_->publish_surely({.avatar = std::string(avatar), .version = version, .is_delete = is_delete});
    return done;
  }
  cache::Invalidated purge_avatar(std::string_view avatar, cache::PurgeMode mode) {
    count_purge(mode);
    const cache::Invalidated done = cache_.purge_avatar(avatar, mode);
    forget_in_tier(avatar);
    tell({Purge::What::Avatar, mode, std::string(avatar)});
    return done;
  }
  cache::Invalidated purge_url(const cache::CacheKey& key, cache::PurgeMode mode) {
    count_purge(mode);
    const cache::Invalidated done = cache_.purge_url(key, mode);
    forget_in_tier(key.avatar);
    tell({Purge::What::Url, mode, std::string(key.url)});
    return done;
  }
  cache::Invalidated purge_all(cache::PurgeMode mode) {
    count_purge(mode);
    // First: what is asked for once a part has been purged must not come from there.
    if (feed_) feed_->forget_all_in_tier();
    const cache::Invalidated done = cache_.purge_all(mode);
    tell({Purge::What::All, mode});
    return done;
  }

 private:
  cache::Invalidated invalidate(std::string_view avatar, const cache::Change& change) {
    cache::Invalidated done = cache_.invalidate(avatar, change);
    if (pushes_) pushes_->push(avatar, std::exchange(done.hot, {}));
    return done;
  }
  // PROTOCOL R30. Afterwards: from the purge on, nothing is taken from there.
  void forget_in_tier(std::string_view avatar) {
    if (feed_) feed_->forget_in_tier(std::string(avatar));
  }
  void tell(Purge purge) {
    if (purged_) purged_(std::move(purge));
  }
  void count_purge(cache::PurgeMode mode) {
    metrics_.invalidated(mode == cache::PurgeMode::Soft ? metrics::Invalidation::PurgeSoft
                                                        : metrics::Invalidation::PurgeHard);
  }

  cache::MemoryCache& cache_;
  metrics::Metrics& metrics_;
  feed::Feed* const feed_;
  PushDirectory* const pushes_;
  std::function<void(Purge)> purged_;
};

}  // namespace edge::serving
