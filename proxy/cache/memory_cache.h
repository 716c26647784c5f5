// Responses in memory, shared by all workers. Thread-safe; calls no one back; frees nothing large under a lock.
//
// Invariants: at most one fill that may be joined runs per key; what a voided fill brings home is never stored; the
// floor, the entries and the fills of an avatar change in one step (PROTOCOL R2, R3).
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cache/cache_key.h"
#include "cache/cache_options.h"
#include "cache/fill.h"
#include "cache/memory_budget.h"
#include "cache/stored_response.h"
#include "http/cache_status.h"
#include "http/fields.h"
#include "http/request_directives.h"

namespace edge::cache {

struct Shard;
struct Entry;
using Removed = std::vector<Ref<const StoredResponse>>;

// What a request asks of the cache beside its key.
struct Question {
  enum class Fill : std::uint8_t {
    Shared,  // Join the fill that runs, or lead one that others may join.
    Alone,   // Lead one that nobody joins: it bears credentials.
    None,    // Only what is held will do.
  };

  const http::Fields& fields;  // From which Vary selects.
  http::UseLimits limits{};    // What the client accepts of what is held.
  Fill fill = Fill::Shared;
};

// What a request finds, in one look. Whatever it is to do next has been claimed for it.
struct Hit {
  Ref<const StoredResponse> response;
  Instant usable_until;
};
struct StaleHit {  // Not fresh, but may be used: the client said so, or it is being revalidated (RFC 5861 section 3).
  Ref<const StoredResponse> response;
  Instant usable_until;
  std::optional<FillPermit> refresh;  // You are the first to find it so: revalidate it. You do not wait for that.
  bool by_request = false;
};
struct Uncacheable {};  // Known not to be storable: ask the origin for yourself.
struct Lead {           // You are the first: fill it. You also wait for it.
  FillPermit permit;
  Ref<const StoredResponse> stale;  // What is held but may not be used as it is, or null.
  http::ForwardReason why;
};
struct Joined {  // Somebody fills it; you wait.
  http::ForwardReason why;
};
struct TooManyWaiters {};  // Somebody fills it, and enough wait already.
struct Absent {            // Nothing held will do, and no fill was wanted.
  http::ForwardReason why;
};
using Lookup = std::variant<Hit, StaleHit, Uncacheable, Lead, Joined, TooManyWaiters, Absent>;

enum class StoreVerdict {
  Stored,
  Voided,      // Something has overtaken the fill (PROTOCOL R1).
  BelowFloor,  // An update event has named a higher version (PROTOCOL R4).
  Replaced,    // Of a 304: the entry that it speaks of is no longer there (PROTOCOL R2).
  NoRoom,      // The budget is pinned by responses that are being sent.
};

struct FillEnded {
  StoreVerdict verdict = StoreVerdict::Stored;
  std::vector<WaiterId> waiters;  // To be told, by whoever ended the fill.
};

struct Invalidated {
  std::size_t responses = 0;  // Dropped, or made to be revalidated.
  std::size_t fills = 0;      // Voided.
};

enum class PurgeMode { Soft, Hard };  // Soft: revalidate before the next use. Hard: drop.

// What is held of a URL, for those who ask.
struct EntryReport {
  std::string url;
  std::uint16_t status = 0;  // 0: a mark.
  std::uint64_t body_bytes = 0;
  std::chrono::seconds age{0};
  std::chrono::milliseconds fresh_for{0};  // Negative: stale for so long.
  std::string etag;
  std::string selecting;
  std::optional<std::uint64_t> version;
  bool in_main_queue = false;  // Else on probation.
  bool is_suspect = false;     // Softly purged.
  std::chrono::seconds stale_while_revalidate{0};
  std::chrono::seconds stale_if_error{0};
  http::LifetimeSource lifetime_source = http::LifetimeSource::None;
  http::Storability storability = http::Storability::Storable;  // Of a mark: why.
};
struct AvatarReport {
  std::vector<EntryReport> entries;
  std::vector<std::pair<std::string, std::size_t>> fills;  // URL, and how many wait.
  std::optional<std::uint64_t> floor;
};

struct CacheStatistics {
  std::uint64_t bytes = 0;
  std::uint64_t bytes_max = 0;
  std::uint64_t entries = 0;
  std::uint64_t floors = 0;
  std::uint64_t evicted_small = 0;
  std::uint64_t evicted_main = 0;
  std::uint64_t ghost_hits = 0;
};

class MemoryCache {
 public:
  // `clock` must outlive the cache, and the cache every response that it gave away.
  MemoryCache(const CacheOptions& options, const Clock& clock);
  ~MemoryCache();

  // What there is for a request; a Lead or Joined makes `waiter` a waiter.
  Lookup look_up(const CacheKey& key, const Question& question, Instant now, WaiterId waiter);
  // The waiter has gone; the fill goes on.
  void leave(const CacheKey& key, WaiterId waiter);

  // The ways to end a fill. A stored response replaces what was held of its URL for the same selecting fields.
  FillEnded store(FillPermit permit, Ref<const StoredResponse> response);
  // After a 304: puts `refreshed` where `stale` still stands, or nowhere.
  FillEnded refresh(FillPermit permit, const Ref<const StoredResponse>& stale, Ref<const StoredResponse> refreshed);
  FillEnded give_up(FillPermit permit);

  // An update event, or an unsafe request that succeeded: raises the floor, drops all variants, voids what is being
  // asked for, in one step (PROTOCOL R3).
  Invalidated invalidate(std::string_view avatar, std::optional<std::uint64_t> version);
  Invalidated purge_avatar(std::string_view avatar, PurgeMode mode);
  Invalidated purge_url(const CacheKey& key, PurgeMode mode);
  // Shard by shard; what comes in meanwhile may stay, as if it had come afterwards.
  Invalidated purge_all(PurgeMode mode);

  // New limits; a smaller budget is reached by evicting now.
  void reload(const CacheOptions& options);

  AvatarReport report(std::string_view avatar) const;
  CacheStatistics statistics() const;
  MemoryBudget& budget() { return budget_; }

 private:
  Shard& shard_of(std::uint64_t avatar_hash) const;
  FillEnded put(FillPermit permit, const StoredResponse* only_over, Ref<const StoredResponse> response);
  FillEnded enter(FillPermit permit, const StoredResponse* only_over, Ref<const StoredResponse> response,
                  bool has_room);
  Invalidated purge(Shard& shard, std::optional<std::uint64_t> avatar_hash, std::optional<std::uint64_t> url_hash,
                    PurgeMode mode);
  bool make_room();

  const Clock& clock_;
  MemoryBudget budget_;
  std::atomic<std::uint32_t> waiters_max_;
  std::atomic<std::uint32_t> variants_max_;
  std::atomic<std::uint32_t> next_victim_{0};  // The shard that makes room next.
  const unsigned shard_shift_;                 // Leaves the bits of a hash that number its shard.
  const std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace edge::cache
