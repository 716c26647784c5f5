#include "cache/shard.h"

#include <algorithm>

#include "base/check.h"
#include "http/vary.h"

namespace edge::cache {
namespace {

constexpr std::size_t kBucketsMin = 16;

}  // namespace

Shard::Found Shard::find(const CacheKey& key, const http::Fields& request, Instant now) const {
  Found found;
  if (buckets.empty()) return found;
  for (Entry* entry = bucket(key.avatar_hash); entry; entry = entry->next_in_bucket) {
    if (entry->avatar_hash != key.avatar_hash || entry->hash != key.url_hash) continue;
    const StoredResponse& response = *entry->response;
    if (response.url() != key.url || (response.is_mark() && now >= entry->usable_until)) continue;
    if (http::is_selected(response.selecting(), request, response.fields())) return {entry, false};
    found.has_other_variants = true;
  }
  return found;
}

Fill* Shard::find_fill(const CacheKey& key) const {
  const auto [begin, end] = fills.equal_range(key.avatar_hash);
  const auto found =
      std::find_if(begin, end, [&](const auto& fill) { return fill.second->joinable && fill.second->url == key.url; });
  return found == end ? nullptr : found->second;
}

FillPermit Shard::start_fill(const CacheKey& key, bool is_shared, const Begun& begun, EventId applied,
                             std::optional<WaiterId> waiter) {
  // An event of this avatar may have been applied before the node's position says so.
  const Floor* const floor = floors.find(key.avatar_hash);
  if (floor) applied = std::max(applied, floor->id);
  auto fill = std::make_unique<Fill>(key, is_shared, begun, applied, floor ? floor->id : EventId{},
                                     floor ? floor->version : std::nullopt);
  if (waiter) fill->waiters.push_back(*waiter);
  fills.emplace(key.avatar_hash, fill.get());
  return FillPermit(std::move(fill));
}

void Shard::insert(Entry& entry) {
  if (order.count() >= buckets.size()) grow();
  Entry*& first = bucket(entry.avatar_hash);
  entry.next_in_bucket = first;
  first = &entry;
  order.insert(entry);
}

void Shard::remove(Entry& entry, Removed& removed) {
  order.remove(entry);
  remove_evicted(entry, removed);
}

void Shard::remove_evicted(Entry& entry, Removed& removed) {
  unlink(entry);
  removed.push_back(std::move(entry.response));
  delete &entry;
}

void Shard::replace(Entry& entry, Entry& by, Removed& removed) {
  order.replace(entry, by);
  Entry*& first = bucket(by.avatar_hash);
  by.next_in_bucket = first;
  first = &by;
  remove_evicted(entry, removed);
}

Shard::Standing Shard::standing(const Fill& fill, const StoredResponse& response) const {
  Standing standing;
  if (buckets.empty()) return standing;
  for (Entry* entry = bucket(fill.avatar_hash); entry; entry = entry->next_in_bucket) {
    if (entry->avatar_hash != fill.avatar_hash) continue;
    ++standing.variants;
    standing.oldest = entry;
    if (entry->hash == fill.url_hash && entry->response->url() == fill.url &&
        entry->response->selecting() == response.selecting())
      standing.same = entry;
  }
  return standing;
}

std::size_t Shard::drop(const Selection& what, Removed& removed) {
  const std::vector<Entry*> selected = select(what);
  for (Entry* entry : selected) remove(*entry, removed);
  return selected.size();
}

std::size_t Shard::soften(const Selection& what, Instant now, Removed& removed) {
  const std::vector<Entry*> selected = select(what);
  for (Entry* entry : selected) {
    if (entry->response->is_mark()) {
      remove(*entry, removed);
    } else {
      entry->usable_until = std::min(entry->usable_until, now);
      entry->is_suspect = true;
    }
  }
  return selected.size();
}

std::size_t Shard::void_fills(const Selection& what) {
  std::size_t voided = 0;
  for (auto it = fills.begin(); it != fills.end();) {
    Fill& fill = *it->second;
    if ((what.avatar_hash && fill.avatar_hash != *what.avatar_hash) ||
        (what.url_hash && fill.url_hash != *what.url_hash)) {
      ++it;
      continue;
    }
    fill.voided = true;
    it = fills.erase(it);
    ++voided;
  }
  return voided;
}

std::vector<const Entry*> Shard::entries_of(std::uint64_t avatar_hash) const {
  const std::vector<Entry*> selected = select({.avatar_hash = avatar_hash});
  return {selected.begin(), selected.end()};
}

std::vector<Entry*> Shard::select(const Selection& what) const {
  std::vector<Entry*> selected;
  const auto collect = [&](Entry* entry) {
    for (; entry; entry = entry->next_in_bucket)
      if ((!what.avatar_hash || entry->avatar_hash == *what.avatar_hash) &&
          (!what.url_hash || entry->hash == *what.url_hash))
        selected.push_back(entry);
  };
  if (buckets.empty()) return selected;
  if (what.avatar_hash) {
    collect(bucket(*what.avatar_hash));
  } else {
    for (Entry* first : buckets) collect(first);
  }
  return selected;
}

void Shard::forget_fill(const Fill& fill) {
  const auto [begin, end] = fills.equal_range(fill.avatar_hash);
  const auto found = std::find_if(begin, end, [&](const auto& known) { return known.second == &fill; });
  if (found != end) fills.erase(found);
}

void Shard::settle(MemoryBudget& budget) {
  const std::size_t bytes =
      order.count() * kEntryBytes + buckets.capacity() * sizeof(Entry*) + order.ghost_bytes() + floors.bytes();
  if (bytes > settled_bytes) {
    budget.charge(bytes - settled_bytes);
  } else {
    budget.refund(settled_bytes - bytes);
  }
  settled_bytes = bytes;
}

void Shard::unlink(Entry& entry) {
  Entry** place = &bucket(entry.avatar_hash);
  while (*place != &entry) {
    EDGE_CHECK(*place != nullptr);
    place = &(*place)->next_in_bucket;
  }
  *place = entry.next_in_bucket;
}

void Shard::grow() {
  std::vector<Entry*> old(std::max(kBucketsMin, buckets.size() * 2), nullptr);
  old.swap(buckets);
  for (Entry* first : old) {
    // Turned round twice, so that the newest stays first.
    Entry* reversed = nullptr;
    while (first) {
      Entry* const next = first->next_in_bucket;
      first->next_in_bucket = reversed;
      reversed = first;
      first = next;
    }
    while (reversed) {
      Entry* const next = reversed->next_in_bucket;
      Entry*& place = bucket(reversed->avatar_hash);
      reversed->next_in_bucket = place;
      place = reversed;
      reversed = next;
    }
  }
}

}  // namespace edge::cache
