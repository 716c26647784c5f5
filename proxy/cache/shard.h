// One part of the memory cache: all that is known of the avatars that fall to it, under one lock.
//
// Index entries hang in buckets by the hash of their avatar, so that all variants of an avatar stand together and an
// event finds them in one walk.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "cache/cache_key.h"
#include "cache/fill.h"
#include "cache/floor_table.h"
#include "cache/memory_budget.h"
#include "cache/s3_fifo.h"
#include "cache/stored_response.h"
#include "http/fields.h"

namespace edge::cache {

// One stored response, or mark, in the index. EvictionNode::hash is the hash of its URL.
struct Entry : EvictionNode {
  Entry* next_in_bucket = nullptr;
  std::uint64_t avatar_hash = 0;
  Ref<const StoredResponse> response;
  Instant usable_until{};   // Fresh until then; earlier than the response says after a soft purge.
  Begun begun{};            // The fill that brought it.
  Instant asked_for_at{};   // Last, by a request.
  bool is_suspect = false;  // Softly purged: to be revalidated before it is used, however stale it might be otherwise.
};

// What a call took out of the index, to be freed when the lock is gone.
using Removed = std::vector<Ref<const StoredResponse>>;

// Every member but the lock is guarded by it: `Shard& s; MutexLock lock(s.mutex)` comes before any other use.
struct alignas(64) Shard {
  explicit Shard(std::size_t floors_max) : floors(floors_max) {}

  struct Found {
    Entry* entry = nullptr;           // The newest stored response of the URL that Vary lets this request have.
    bool has_other_variants = false;  // Where there is none: others of the URL are held.
  };
  // Marks that have had their time are passed over.
  Found find(const CacheKey& key, const http::Fields& request, Instant now) const EDGE_REQUIRES(mutex);
  // Begins a fill, with its first waiter if it has one.
  // `applied`: the last event that this node had applied, or one before it.
  FillPermit start_fill(const CacheKey& key, bool is_shared, const Begun& begun, EventId applied,
                        std::optional<WaiterId> waiter) EDGE_REQUIRES(mutex);
  // The fill that a request may join, or null.
  Fill* find_fill(const CacheKey& key) const EDGE_REQUIRES(mutex);

  void insert(Entry& entry) EDGE_REQUIRES(mutex);
  void remove(Entry& entry, Removed& removed) EDGE_REQUIRES(mutex);
  // `by` takes the place and the rank of `entry`.
  void replace(Entry& entry, Entry& by, Removed& removed) EDGE_REQUIRES(mutex);
  // Frees an entry that S3-FIFO has already let go.
  void remove_evicted(Entry& entry, Removed& removed) EDGE_REQUIRES(mutex);
  void forget_fill(const Fill& fill) EDGE_REQUIRES(mutex);

  // What a new response of a fill meets.
  struct Standing {
    Entry* same = nullptr;    // What it replaces: the same URL, selected by the same fields.
    Entry* oldest = nullptr;  // Of the avatar.
    std::uint32_t variants = 0;
  };
  Standing standing(const Fill& fill, const StoredResponse& response) const EDGE_REQUIRES(mutex);

  // Of an avatar, or of everything; of one of its URLs, or of all.
  struct Selection {
    std::optional<std::uint64_t> avatar_hash{};
    std::optional<std::uint64_t> url_hash{};
  };
  // Each answers how many it concerned. soften: to be revalidated from `now` on (marks are dropped).
  std::size_t drop(const Selection& what, Removed& removed) EDGE_REQUIRES(mutex);
  std::size_t soften(const Selection& what, Instant now, Removed& removed) EDGE_REQUIRES(mutex);
  std::size_t void_fills(const Selection& what) EDGE_REQUIRES(mutex);
  // Its entries, newest first.
  std::vector<const Entry*> entries_of(std::uint64_t avatar_hash) const EDGE_REQUIRES(mutex);

  // What an entry costs beyond its response: the allocation and its place in a bucket.
  static constexpr std::size_t kEntryBytes = sizeof(Entry) + 2 * sizeof(std::size_t);
  // Tells the budget what entries and tables have come to since it was told last.
  void settle(MemoryBudget& budget) EDGE_REQUIRES(mutex);

  mutable Mutex mutex;
  std::vector<Entry*> buckets EDGE_GUARDED_BY(mutex);  // None or a power of two; newest entries first.
  S3Fifo order EDGE_GUARDED_BY(mutex);
  std::unordered_multimap<std::uint64_t, Fill*> fills EDGE_GUARDED_BY(mutex);  // By avatar. Not voided ones.
  FloorTable floors EDGE_GUARDED_BY(mutex);
  std::size_t settled_bytes EDGE_GUARDED_BY(mutex) = 0;  // What the budget knows of entries and tables.

 private:
  Entry*& bucket(std::uint64_t avatar_hash) EDGE_REQUIRES(mutex) { return buckets[avatar_hash & (buckets.size() - 1)]; }
  Entry* bucket(std::uint64_t avatar_hash) const EDGE_REQUIRES(mutex) {
    return buckets[avatar_hash & (buckets.size() - 1)];
  }
  std::vector<Entry*> select(const Selection& what) const EDGE_REQUIRES(mutex);
  void unlink(Entry& entry) EDGE_REQUIRES(mutex);
  void grow() EDGE_REQUIRES(mutex);
};

}  // namespace edge::cache
