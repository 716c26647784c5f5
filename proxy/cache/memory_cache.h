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

#include "base/mutex.h"
#include "cache/cache_key.h"
#include "cache/cache_options.h"
#include "cache/event_id.h"
#include "cache/fill.h"
#include "cache/floor_table.h"
#include "cache/memory_budget.h"
#include "cache/stored_response.h"
#include "cache/trust.h"
#include "http/cache_status.h"
#include "http/fields.h"
#include "http/request_directives.h"

namespace edge::cache {

struct Shard;

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
  std::optional<Instant> arrived{};  // Of one that looks again: when it had arrived, or later. Null: now.
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
  bool is_for_trust = false;     // It is fresh, but nobody vouches for it (PROTOCOL R14).
  Instant stale_usable_until{};  // Of what is held: when it was last fresh and trusted.
};
struct Joined {  // Somebody fills it; you wait.
  http::ForwardReason why;
  bool is_for_trust = false;
  Ref<Arrival> arrival{};  // What has come already, or null.
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
  // To be told, by whoever ended the fill: the outcome, or that they are to look again.
  std::vector<WaiterId> waiters;
  std::vector<WaiterId> followers;
  Instant usable_until{};  // Of what was stored.
};

// A change of an avatar, from wherever it is known.
struct Change {
  EventId id{};  // Of its update event; 0-0: it did not come from the feed, so that the tier may not know of it.
  std::optional<std::uint64_t> version{};  // Which the avatar has now.
};

// A response that was dropped though it had been asked for lately.
struct HotResponse {
  std::string url;
  std::string selecting;  // What of a request it was for.
  Instant asked_for_at;
};

struct Invalidated {
  std::size_t responses = 0;       // Dropped, or made to be revalidated.
  std::size_t fills = 0;           // Voided.
  std::vector<HotResponse> hot{};  // Of an update: worth filling again before anybody asks (CacheOptions::push).
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
  bool is_trusted = true;      // False without a lease, and after a gap, until it is revalidated.
  std::chrono::seconds stale_while_revalidate{0};
  std::chrono::seconds stale_if_error{0};
  http::LifetimeSource lifetime_source = http::LifetimeSource::None;
  http::Storability storability = http::Storability::Storable;  // Of a mark: why.
};
struct AvatarReport {
  std::vector<EntryReport> entries;
  std::vector<std::pair<std::string, std::size_t>> fills;  // URL, and how many wait.
  std::optional<Floor> floor;
};

// A response that may be used now, for a process that is to hold it too.
struct HeldResponse {
  Ref<const StoredResponse> response;
  Instant usable_until;
  Instant asked_for_at;
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

  // Before any thread looks things up: from here on what is purged by hand is remembered not to be taken from the tier
  // (PROTOCOL R30).
  void use_tier() { uses_tier_ = true; }

  // What there is for a request; a Lead or Joined makes `waiter` a waiter.
  Lookup look_up(const CacheKey& key, const Question& question, Instant now, WaiterId waiter);
  // To fill a response for which nobody waits yet; nothing where it is held by now, or where a fill runs for its URL.
  struct PushLead {
    std::optional<FillPermit> permit{};
    bool is_being_filled = false;  // Perhaps for others than it is for.
  };
  PushLead lead_push(const CacheKey& key, const HotResponse& hot);
  // What the fill brings begins to come: for those who wait, whom it answers, and for those who join from now on.
  std::vector<WaiterId> announce(const FillPermit& permit, Ref<Arrival> arrival);
  // The waiter has gone; the fill goes on.
  void leave(const CacheKey& key, WaiterId waiter);

  // The ways to end a fill. A stored response replaces what was held of its URL for the same selecting fields.
  FillEnded store(FillPermit permit, Ref<const StoredResponse> response);
  // After a 304: puts `refreshed` where `stale` still stands, or nowhere.
  FillEnded refresh(FillPermit permit, const Ref<const StoredResponse>& stale, Ref<const StoredResponse> refreshed);
  FillEnded give_up(FillPermit permit);

  // Whether the tier may be asked for it: it is believed neither without a lease, nor where an event of the avatar is
  // not proven yet (PROTOCOL R21), nor where a change of it did not come from the feed (R30).
  bool may_ask_tier(const FillPermit& permit, Instant now) const;
  // A response that the tier had: ends the fill, where nothing speaks against it (R20), else nothing has happened, and
  // the permit is still whole. `known_to`: every event up to it has been taken into account by whoever put it there or
  // by the tier since.
  std::optional<FillEnded> store_from_tier(FillPermit& permit, EventId known_to, Ref<const StoredResponse> response);

  // An update event, or an unsafe request that succeeded: raises the floor, drops all variants, voids what is being
  // asked for, in one step (PROTOCOL R3).
  Invalidated invalidate(std::string_view avatar, const Change& change);
  // Every event up to that one has been applied. By the feed's thread, after invalidate().
  void set_applied(EventId last);
  // A change that was told to invalidate() without an ID has been published as that event.
  void note_published(std::string_view avatar, EventId id);
  // And nothing is missing up to that one.
  void set_proven(EventId last);
  Invalidated purge_avatar(std::string_view avatar, PurgeMode mode);
  Invalidated purge_url(const CacheKey& key, PurgeMode mode);
  // Shard by shard; what comes in meanwhile may stay, as if it had come afterwards.
  Invalidated purge_all(PurgeMode mode);

  // A gap in the feed (PROTOCOL R10): all that is held is to be revalidated before use, what is being asked for is
  // voided, floors are forgotten, and the feed goes on after `position`. Nothing is dropped.
  Invalidated begin_generation(EventId position);
  Trust& trust() { return trust_; }
  const Trust& trust() const { return trust_; }

  // New limits; a smaller budget is reached by evicting now.
  void reload(const CacheOptions& options);

  // What of one of the shards, from 0 up, is fresh and of that generation, what was asked for last in front. With a
  // lease alone it may be used.
  std::size_t shards() const { return shards_.size(); }
  std::vector<HeldResponse> held(std::size_t shard, std::uint64_t generation) const;

  AvatarReport report(std::string_view avatar) const;
  CacheStatistics statistics() const;
  MemoryBudget& budget() { return budget_; }

 private:
  Shard& shard_of(std::uint64_t avatar_hash) const;
  FillEnded put(FillPermit permit, const StoredResponse* only_over, Ref<const StoredResponse> response);
  FillEnded enter(FillPermit permit, const StoredResponse* only_over, Ref<const StoredResponse> response,
                  bool has_room);
  bool may_believe_tier(const FloorTable& floors, const Floor* floor, Instant now) const;
  Invalidated purge(Shard& shard, std::optional<std::uint64_t> avatar_hash, std::optional<std::uint64_t> url_hash,
                    PurgeMode mode);
  bool make_room();
  EventId applied() const;
  EventId proven() const;
  // Its avatar's shard must be locked.
  bool is_voided(const Fill& fill) const;
  Instant settled_by(const Fill& fill, const StoredResponse& response, const Floor* floor) const;

  const Clock& clock_;
  bool uses_tier_ = false;
  Trust trust_;
  mutable Mutex applied_mutex_;
  EventId applied_ EDGE_GUARDED_BY(applied_mutex_);
  EventId proven_ EDGE_GUARDED_BY(applied_mutex_);
  MemoryBudget budget_;
  std::atomic<std::uint32_t> waiters_max_;
  std::atomic<std::uint32_t> variants_max_;
  std::atomic<std::chrono::milliseconds> settle_;
  std::atomic<std::chrono::milliseconds> push_;
  std::atomic<std::uint32_t> next_victim_{0};  // The shard that makes room next.
  const unsigned shard_shift_;                 // Leaves the bits of a hash that number its shard.
  const std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace edge::cache
