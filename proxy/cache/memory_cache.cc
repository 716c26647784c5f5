#include "cache/memory_cache.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "base/pause_point.h"
#include "cache/shard.h"
#include "cache/use.h"

namespace edge::cache {
namespace {

// What evicting a response gives back; bodies that other responses share are counted with each.
std::uint32_t cost_of(const StoredResponse& response) {
  const std::size_t bytes = Shard::kEntryBytes + sizeof(StoredResponse) + response.url().size() +
                            response.selecting().size() + response.withheld().size() + response.fields().size() +
                            response.body().size();
  return static_cast<std::uint32_t>(std::min<std::size_t>(bytes, UINT32_MAX));
}

// A shard should have room for several responses of the largest size: where one fills it, S3-FIFO has nothing left to
// choose from. Always a power of two.
std::size_t shard_count(const CacheOptions& options) {
  const std::uint64_t wanted = options.memory_bytes / std::max<std::uint64_t>(1, 4 * options.object_bytes_max);
  return std::bit_floor(std::clamp<std::uint64_t>(wanted, 4, 64));
}

std::vector<std::unique_ptr<Shard>> make_shards(const CacheOptions& options) {
  const std::size_t count = shard_count(options);
  std::vector<std::unique_ptr<Shard>> shards;
  for (std::size_t i = 0; i < count; ++i)
    shards.push_back(std::make_unique<Shard>((options.floors_max + count - 1) / count));
  return shards;
}

// PROTOCOL R4. What bears no version cannot be told.
bool is_older(std::optional<std::uint64_t> version, std::optional<std::uint64_t> floor) {
  return version && floor && *version < *floor;
}

Instant asked_for_at(const Fill& fill) {
  return fill.waiters.empty() && fill.followers.empty() ? fill.asked_for_at : fill.begun.at;
}

// What of an avatar was asked for since then.
std::vector<HotResponse> hot_of(const Shard& shard, std::uint64_t avatar_hash, Instant since)
    EDGE_REQUIRES(shard.mutex) {
  std::vector<HotResponse> hot;
  for (const Entry* entry : shard.entries_of(avatar_hash)) {
    const StoredResponse& response = *entry->response;
    if (entry->asked_for_at >= since && response.status() == 200)
      hot.push_back({std::string(response.url()), std::string(response.selecting()), entry->asked_for_at});
  }
  // A push-fill that is voided now is as wanted as it was. Where clients wait for it, they have it begun anew.
  const auto [begin, end] = shard.fills.equal_range(avatar_hash);
  for (auto it = begin; it != end; ++it) {
    const Fill& fill = *it->second;
    if (fill.asked_for_at >= since && fill.waiters.empty() && fill.followers.empty())
      hot.push_back({fill.url, fill.selecting, fill.asked_for_at});
  }
  return hot;
}

// Puts in what nothing speaks against any more.
StoreVerdict take_in(Shard& shard, const Fill& fill, std::unique_ptr<Entry> entry, bool has_room,
                     std::uint32_t variants_max, Removed& removed) EDGE_REQUIRES(shard.mutex) {
  Shard::Standing standing = shard.standing(fill, *entry->response);
  if (!has_room) {
    // Whoever waits gets what is newer; it must not be followed by what was there before.
    if (standing.same) shard.remove(*standing.same, removed);
    return StoreVerdict::NoRoom;
  }
  entry->hash = fill.url_hash;
  entry->avatar_hash = fill.avatar_hash;
  entry->bytes = cost_of(*entry->response);
  if (standing.same) {
    entry->asked_for_at = std::max(entry->asked_for_at, standing.same->asked_for_at);
    shard.replace(*standing.same, *entry.release(), removed);
    return StoreVerdict::Stored;
  }
  for (; standing.oldest && standing.variants >= variants_max; standing = shard.standing(fill, *entry->response))
    shard.remove(*standing.oldest, removed);
  shard.insert(*entry.release());
  return StoreVerdict::Stored;
}

}  // namespace

MemoryCache::MemoryCache(const CacheOptions& options, const Clock& clock)
    : clock_(clock),
      budget_(options.memory_bytes),
      waiters_max_(options.waiters_max),
      variants_max_(options.variants_max),
      settle_(options.settle),
      push_(options.push),
      shard_shift_(64 - static_cast<unsigned>(std::countr_zero(shard_count(options)))),
      shards_(make_shards(options)) {}

MemoryCache::~MemoryCache() { purge_all(PurgeMode::Hard); }

Lookup MemoryCache::look_up(const CacheKey& key, const Question& question, Instant now, WaiterId waiter) {
  // PROTOCOL R13: the turn's time may be of before this process was stopped for a while.
  if (trust_.is_leased_at_all()) now = clock_.now();
  const Judge judge{trust_, question.limits, question.arrived.value_or(now), now};
  Shard& shard = shard_of(key.avatar_hash);
  MutexLock lock(shard.mutex);
  const Shard::Found found = shard.find(key, question.fields, now);
  if (Entry* const entry = found.entry) {
    S3Fifo::touch(*entry);
    entry->asked_for_at = now;
    if (entry->response->is_mark()) return Uncacheable{};
    switch (judge.use(*entry)) {
      case Use::Fresh:
        return Hit{entry->response, entry->usable_until};
      case Use::StaleByRequest:
        return StaleHit{entry->response, entry->usable_until, std::nullopt, true};
      case Use::WhileRevalidating: {
        StaleHit hit{entry->response, entry->usable_until, std::nullopt, false};
        if (question.fill == Question::Fill::Shared && !shard.find_fill(key))
          hit.refresh = shard.start_fill(key, true, {trust_.generation(), now}, applied(), std::nullopt);
        return hit;
      }
      case Use::Untrusted:
      case Use::No:
        break;
    }
  }
  const Judge::WhyNot why = judge.why_not(found);
  if (question.fill == Question::Fill::None) return Absent{why.forward};
  const bool is_shared = question.fill == Question::Fill::Shared;
  if (Fill* const fill = is_shared ? shard.find_fill(key) : nullptr) {
    if (fill->waiters.size() + fill->followers.size() >= waiters_max_.load(std::memory_order_relaxed))
      return TooManyWaiters{};
    const bool may_have_it = judge.is_vouched_for(fill->begun);
    (may_have_it ? fill->waiters : fill->followers).push_back(waiter);
    return Joined{why.forward, why.is_for_trust, may_have_it ? fill->arrival : nullptr};
  }
  Lead lead{shard.start_fill(key, is_shared, {trust_.generation(), now}, applied(), waiter), {}, why.forward};
  if (found.entry) {
    lead.stale = found.entry->response;
    lead.is_for_trust = why.is_for_trust;
    lead.stale_usable_until = judge.usable_until(*found.entry);
  }
  return lead;
}

MemoryCache::PushLead MemoryCache::lead_push(const CacheKey& key, const HotResponse& hot) {
  const Instant now = clock_.now();
  Shard& shard = shard_of(key.avatar_hash);
  MutexLock lock(shard.mutex);
  if (shard.find(key, http::parse_lines(hot.selecting), now).entry) return {};
  if (shard.find_fill(key)) return {.is_being_filled = true};
  PushLead lead{shard.start_fill(key, true, {trust_.generation(), now}, applied(), std::nullopt)};
  lead.permit->fill_->asked_for_at = hot.asked_for_at;
  lead.permit->fill_->selecting = hot.selecting;
  return lead;
}

std::vector<WaiterId> MemoryCache::announce(const FillPermit& permit, Ref<Arrival> arrival) {
  Fill& fill = *permit.fill_;
  Shard& shard = shard_of(fill.avatar_hash);
  MutexLock lock(shard.mutex);
  fill.arrival = std::move(arrival);
  return fill.waiters;
}

void MemoryCache::leave(const CacheKey& key, WaiterId waiter) {
  Shard& shard = shard_of(key.avatar_hash);
  MutexLock lock(shard.mutex);
  // The waiter of a fill that is voided or not shared is not found; it will be told, and its worker knows that it has
  // gone.
  Fill* const fill = shard.find_fill(key);
  if (!fill) return;
  for (std::vector<WaiterId>* const some : {&fill->waiters, &fill->followers}) {
    const auto place = std::find(some->begin(), some->end(), waiter);
    if (place == some->end()) continue;
    *place = some->back();
    some->pop_back();
  }
}

FillEnded MemoryCache::store(FillPermit permit, Ref<const StoredResponse> response) {
  return put(std::move(permit), nullptr, std::move(response));
}

FillEnded MemoryCache::refresh(FillPermit permit, const Ref<const StoredResponse>& stale,
                               Ref<const StoredResponse> refreshed) {
  EDGE_CHECK(stale);
  return put(std::move(permit), stale.get(), std::move(refreshed));
}

FillEnded MemoryCache::put(FillPermit permit, const StoredResponse* only_over, Ref<const StoredResponse> response) {
  // What can never fit is not worth emptying the cache for.
  const bool has_room = cost_of(*response) <= budget_.limit() && make_room();
  pause_point("cache.room_made");
  FillEnded ended = enter(std::move(permit), only_over, std::move(response), has_room);
  pause_point("cache.entered");
  // Its place in the tables counts too, and what it replaced is gone only now.
  make_room();
  return ended;
}

// The one way into the cache (PROTOCOL R2). With `only_over`, that response must still be there.
FillEnded MemoryCache::enter(FillPermit permit, const StoredResponse* only_over, Ref<const StoredResponse> response,
                             bool has_room) {
  const std::unique_ptr<Fill> fill = std::move(permit.fill_);
  auto entry = std::make_unique<Entry>();
  Removed removed;
  Shard& shard = shard_of(fill->avatar_hash);
  MutexLock lock(shard.mutex);
  shard.forget_fill(*fill);
  entry->asked_for_at = asked_for_at(*fill);
  FillEnded ended{StoreVerdict::Stored, std::move(fill->waiters), std::move(fill->followers)};
  if (is_voided(*fill)) {
    ended.verdict = StoreVerdict::Voided;
    return ended;
  }
  const Floor* const floor = shard.floors.find(fill->avatar_hash);
  if (floor && (floor->id > fill->as_of || is_older(response->version(), floor->version))) {
    ended.verdict = StoreVerdict::BelowFloor;
    return ended;
  }
  if (only_over) {
    const Shard::Standing standing = shard.standing(*fill, *response);
    if (!standing.same || standing.same->response.get() != only_over) {
      ended.verdict = StoreVerdict::Replaced;
      return ended;
    }
  }
  entry->begun = fill->begun;
  entry->usable_until = std::min(response->fresh_until(), settled_by(*fill, *response, floor));
  entry->response = std::move(response);
  ended.usable_until = entry->usable_until;
  ended.verdict =
      take_in(shard, *fill, std::move(entry), has_room, variants_max_.load(std::memory_order_relaxed), removed);
  shard.settle(budget_);
  return ended;
}

bool MemoryCache::may_ask_tier(const FillPermit& permit, Instant now) const {
  Shard& shard = shard_of(permit.fill_->avatar_hash);
  MutexLock lock(shard.mutex);
  return may_believe_tier(shard.floors, shard.floors.find(permit.fill_->avatar_hash), now);
}

std::optional<FillEnded> MemoryCache::store_from_tier(FillPermit& permit, EventId known_to,
                                                      Ref<const StoredResponse> response) {
  const Instant now = clock_.now();
  const bool has_room = cost_of(*response) <= budget_.limit() && make_room();
  auto entry = std::make_unique<Entry>();
  Removed removed;
  Fill& fill = *permit.fill_;
  Shard& shard = shard_of(fill.avatar_hash);
  MutexLock lock(shard.mutex);
  const Floor* const floor = shard.floors.find(fill.avatar_hash);
  if (is_voided(fill) || !may_believe_tier(shard.floors, floor, now)) return std::nullopt;
  if (known_to < shard.floors.mark() || (floor && known_to < floor->id)) return std::nullopt;
  if (floor && is_older(response->version(), floor->version)) return std::nullopt;
  if (now >= response->fresh_until()) return std::nullopt;
  // When the origin was asked for it is not known here: without a lease it is no good.
  entry->begun = {fill.begun.generation, Instant::min()};
  entry->asked_for_at = asked_for_at(fill);
  entry->usable_until = response->fresh_until();
  entry->response = std::move(response);
  const std::unique_ptr<Fill> ended_fill = std::move(permit.fill_);
  shard.forget_fill(fill);
  FillEnded ended{
      .waiters = std::move(fill.waiters), .followers = std::move(fill.followers), .usable_until = entry->usable_until};
  ended.verdict =
      take_in(shard, fill, std::move(entry), has_room, variants_max_.load(std::memory_order_relaxed), removed);
  shard.settle(budget_);
  return ended;
}

bool MemoryCache::may_believe_tier(const FloorTable& floors, const Floor* floor, Instant now) const {
  if (!trust_.has_lease(now) || floors.has_forgotten_only_origin()) return false;
  return !floor || (!floor->is_only_origin() && floor->id <= proven());
}

FillEnded MemoryCache::give_up(FillPermit permit) {
  const std::unique_ptr<Fill> fill = std::move(permit.fill_);
  Shard& shard = shard_of(fill->avatar_hash);
  MutexLock lock(shard.mutex);
  shard.forget_fill(*fill);
  return {is_voided(*fill) ? StoreVerdict::Voided : StoreVerdict::Stored, std::move(fill->waiters),
          std::move(fill->followers)};
}

// Where no version tells, what was asked for soon after an event may be of a replica of the origin that had not heard
// of it; so it is good only until all have.
Instant MemoryCache::settled_by(const Fill& fill, const StoredResponse& response, const Floor* floor) const {
  if (!floor || (floor->version && response.version())) return Instant::max();
  const Instant settled = floor->raised_at + settle_.load(std::memory_order_relaxed);
  return fill.begun.at < settled ? settled : Instant::max();
}

// PROTOCOL R1, R11.
bool MemoryCache::is_voided(const Fill& fill) const {
  return fill.voided || fill.begun.generation != trust_.generation();
}

Invalidated MemoryCache::invalidate(std::string_view avatar, const Change& change) {
  const std::uint64_t avatar_hash = keyed_hash(avatar);
  Invalidated invalidated;
  {
    Removed removed;
    Shard& shard = shard_of(avatar_hash);
    MutexLock lock(shard.mutex);
    shard.floors.raise(avatar_hash, {.id = change.id,
                                     .version = change.version,
                                     .raised_at = clock_.now(),
                                     .unpublished = uses_tier_ && change.id == EventId{} ? 1u : 0u});
    const auto push = push_.load(std::memory_order_relaxed);
    if (push.count() > 0) invalidated.hot = hot_of(shard, avatar_hash, clock_.now() - push);
    const Shard::Selection all{.avatar_hash = avatar_hash};
    invalidated.responses = shard.drop(all, removed);
    invalidated.fills = shard.void_fills(all);
    shard.settle(budget_);
  }
  make_room();  // Floors count too.
  return invalidated;
}

Invalidated MemoryCache::purge_avatar(std::string_view avatar, PurgeMode mode) {
  const std::uint64_t avatar_hash = keyed_hash(avatar);
  return purge(shard_of(avatar_hash), avatar_hash, std::nullopt, mode);
}

Invalidated MemoryCache::purge_url(const CacheKey& key, PurgeMode mode) {
  return purge(shard_of(key.avatar_hash), key.avatar_hash, key.url_hash, mode);
}

Invalidated MemoryCache::purge_all(PurgeMode mode) {
  Invalidated all;
  for (const auto& shard : shards_) {
    const Invalidated here = purge(*shard, std::nullopt, std::nullopt, mode);
    all.responses += here.responses;
    all.fills += here.fills;
  }
  return all;
}

void MemoryCache::set_applied(EventId last) {
  MutexLock lock(applied_mutex_);
  applied_ = last;
}

void MemoryCache::note_published(std::string_view avatar, EventId id) {
  const std::uint64_t avatar_hash = keyed_hash(avatar);
  Shard& shard = shard_of(avatar_hash);
  MutexLock lock(shard.mutex);
  shard.floors.note_published(avatar_hash, id);
}

void MemoryCache::set_proven(EventId last) {
  MutexLock lock(applied_mutex_);
  proven_ = last;
}

EventId MemoryCache::proven() const {
  MutexLock lock(applied_mutex_);
  return proven_;
}

EventId MemoryCache::applied() const {
  MutexLock lock(applied_mutex_);
  return applied_;
}

Invalidated MemoryCache::begin_generation(EventId position) {
  // First of all: what is stored from here on until its shard's turn comes would be of the old one.
  trust_.begin_generation();
  pause_point("cache.generation_begun");
  set_applied(position);
  set_proven(position);
  Invalidated gone;
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    gone.responses += shard->order.count();
    gone.fills += shard->void_fills({});
    shard->floors.reset(position);
    shard->settle(budget_);
  }
  return gone;
}

Invalidated MemoryCache::purge(Shard& shard, std::optional<std::uint64_t> avatar_hash,
                               std::optional<std::uint64_t> url_hash, PurgeMode mode) {
  const Shard::Selection what{avatar_hash, url_hash};
  Removed removed;
  MutexLock lock(shard.mutex);
  Invalidated purged;
  switch (mode) {
    case PurgeMode::Hard:
      purged.responses = shard.drop(what, removed);
      break;
    case PurgeMode::Soft:
      purged.responses = shard.soften(what, clock_.now(), removed);
      break;
  }
  purged.fills = shard.void_fills(what);
  if (uses_tier_ && avatar_hash) shard.floors.note_purged(*avatar_hash);
  shard.settle(budget_);
  return purged;
}

void MemoryCache::reload(const CacheOptions& options) {
  budget_.set_limit(options.memory_bytes);
  waiters_max_.store(options.waiters_max, std::memory_order_relaxed);
  variants_max_.store(options.variants_max, std::memory_order_relaxed);
  settle_.store(options.settle, std::memory_order_relaxed);
  push_.store(options.push, std::memory_order_relaxed);
  make_room();
}

std::vector<HeldResponse> MemoryCache::held(std::size_t shard_number, std::uint64_t generation) const {
  const Instant now = clock_.now();
  std::vector<HeldResponse> held;
  {
    const Shard& shard = *shards_[shard_number];
    MutexLock lock(shard.mutex);
    held.reserve(shard.order.count());
    for (const Entry* bucket : shard.buckets)
      for (const Entry* entry = bucket; entry; entry = entry->next_in_bucket) {
        const bool is_good = !entry->is_suspect && entry->begun.generation == generation && entry->usable_until > now;
        if (is_good && !entry->response->is_mark())
          held.push_back({entry->response, entry->usable_until, entry->asked_for_at});
      }
  }
  std::ranges::sort(held, std::ranges::greater{}, &HeldResponse::asked_for_at);
  return held;
}

AvatarReport MemoryCache::report(std::string_view avatar) const {
  const std::uint64_t avatar_hash = keyed_hash(avatar);
  const Instant now = clock_.now();
  AvatarReport report;
  Shard& shard = shard_of(avatar_hash);
  MutexLock lock(shard.mutex);
  for (const Entry* entry : shard.entries_of(avatar_hash)) {
    const StoredResponse& response = *entry->response;
    report.entries.push_back({.url = std::string(response.url()),
                              .status = response.status(),
                              .body_bytes = response.body().size(),
                              .age = response.age(now),
                              .fresh_for = std::chrono::floor<std::chrono::milliseconds>(entry->usable_until - now),
                              .etag = std::string(response.etag()),
                              .selecting = std::string(response.selecting()),
                              .version = response.version(),
                              .in_main_queue = entry->queue == EvictionNode::Queue::Main,
                              .is_suspect = entry->is_suspect,
                              .is_trusted = Judge{trust_, {}, now, now}.is_vouched_for(entry->begun),
                              .stale_while_revalidate = response.stale_while_revalidate(),
                              .stale_if_error = response.stale_if_error(),
                              .lifetime_source = response.lifetime_source(),
                              .storability = response.storability()});
  }
  const auto [begin, end] = shard.fills.equal_range(avatar_hash);
  for (auto it = begin; it != end; ++it) report.fills.emplace_back(it->second->url, it->second->waiters.size());
  if (const Floor* const floor = shard.floors.find(avatar_hash)) report.floor = *floor;
  return report;
}

CacheStatistics MemoryCache::statistics() const {
  CacheStatistics sum{.bytes = budget_.used(), .bytes_max = budget_.limit()};
  for (const auto& shard : shards_) {
    MutexLock lock(shard->mutex);
    const S3Fifo::Statistics& order = shard->order.statistics();
    sum.entries += shard->order.count();
    sum.floors += shard->floors.size();
    sum.evicted_small += order.evicted_small;
    sum.evicted_main += order.evicted_main;
    sum.ghost_hits += order.ghost_hits;
  }
  return sum;
}

// The high bits choose the shard, the low bits the bucket in it.
Shard& MemoryCache::shard_of(std::uint64_t avatar_hash) const { return *shards_[avatar_hash >> shard_shift_]; }

// Evicts until the budget holds again, by turns from all shards, sparing those that hold less than the others: so one
// budget over many shards evicts like one queue (tests/bench/README.md). Gives up when as much was evicted in vain as
// was too much: then what is still over is being sent to slow clients, and emptying the cache would not bring it back.
bool MemoryCache::make_room() {
  const std::uint64_t wanted = budget_.excess();
  std::uint64_t in_vain = 0;
  // A little less than the mean, because tables and what is being sent are in use as well.
  const std::uint64_t fair_share = budget_.used() / shards_.size() * 7 / 8;
  std::size_t spared = 0;
  std::size_t empty_shards = 0;
  while (budget_.excess() > 0 && in_vain < wanted && empty_shards < shards_.size()) {
    Removed removed;
    Shard& shard = *shards_[next_victim_.fetch_add(1, std::memory_order_relaxed) % shards_.size()];
    MutexLock lock(shard.mutex);
    if (shard.order.bytes() < fair_share && spared < shards_.size()) {
      ++spared;
      continue;
    }
    spared = 0;
    auto* const victim = static_cast<Entry*>(shard.order.evict());
    if (!victim) {
      ++empty_shards;
      continue;
    }
    empty_shards = 0;
    if (!victim->response->has_one_reference()) in_vain += victim->bytes;
    shard.remove_evicted(*victim, removed);
    shard.settle(budget_);
  }
  return budget_.excess() == 0;
}

}  // namespace edge::cache
