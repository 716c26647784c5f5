// A fill, as the cache knows it: who waits for it, and whether something has overtaken it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "cache/arrival.h"
#include "cache/cache_key.h"
#include "cache/event_id.h"
#include "cache/waiter_id.h"

namespace edge::cache {

// When something was begun to be asked of the origin.
struct Begun {
  std::uint64_t generation = 0;  // Trust's.
  Instant at{};                  // Not after the origin is asked.
};

// Guarded by the lock of its avatar's shard.
struct Fill {
  Fill(const CacheKey& key, bool is_shared, const Begun& when, EventId applied, EventId floor_id,
       std::optional<std::uint64_t> floor_version)
      : url(key.url),
        avatar_hash(key.avatar_hash),
        url_hash(key.url_hash),
        joinable(is_shared),
        begun(when),
        as_of(applied),
        floor(floor_id),
        version_floor(floor_version) {}

  const std::string url;
  const std::uint64_t avatar_hash;
  const std::uint64_t url_hash;
  const bool joinable;  // False: it bears the credentials of one request, which alone waits for it.
  const Begun begun;
  const EventId as_of;  // An event that this node had applied when it began; all those before it too.
  const EventId floor;  // Of the avatar when it began.
  // Of the avatar when it began. Whoever waits came under no other, since each event voids.
  const std::optional<std::uint64_t> version_floor;
  // Of a push-fill: when what it is to bring was asked for last, and what of a request that was for.
  Instant asked_for_at{};
  std::string selecting{};
  bool voided = false;  // Answers those who wait; is never stored and never joined (PROTOCOL R1).
  std::vector<WaiterId> waiters;
  // Those who came later and may not have its response, because without a lease nothing from before they asked will do
  // (PROTOCOL R15). They look again when it ends; the first then leads, and the others join.
  std::vector<WaiterId> followers;
  Ref<Arrival> arrival;  // What has come so far; null: nothing yet, or nothing to be told before the end.
};

// The right and duty to run a fill. Must be given back to the cache, by one of its calls that end a fill: dropping it
// would leave the waiters waiting, so that is a bug.
class FillPermit {
 public:
  explicit FillPermit(std::unique_ptr<Fill> fill) : fill_(std::move(fill)) {}
  FillPermit(FillPermit&&) = default;
  FillPermit& operator=(FillPermit&&) = default;
  ~FillPermit() { EDGE_CHECK(fill_ == nullptr); }

  std::string_view url() const { return fill_->url; }
  // An event that this node had applied when the fill began; all those before it too.
  EventId as_of() const { return fill_->as_of; }
  // The newest event of the avatar that this node had applied then; 0-0 where it knew of none.
  EventId floor() const { return fill_->floor; }
  // Whether an answer of that version is older than an update event that those who wait must not see undone (R4).
  bool is_behind(std::uint64_t version) const { return fill_->version_floor && version < *fill_->version_floor; }

 private:
  friend class MemoryCache;
  std::unique_ptr<Fill> fill_;
};

}  // namespace edge::cache
