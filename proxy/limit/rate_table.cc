#include "limit/rate_table.h"

#include <algorithm>
#include <bit>
#include <memory>

#include "base/check.h"

namespace edge::limit {

// Memory that calloc has of the kernel is zero without being touched.
RateTable::RateTable(std::size_t entries)
    : set_mask_(std::bit_ceil(std::max<std::size_t>(entries, 1024)) / kWays - 1),
      memory_(std::calloc(set_mask_ + 2, sizeof(Set))),
      sets_(aligned_sets(memory_.get(), set_mask_ + 1)) {}

std::span<RateTable::Set> RateTable::aligned_sets(void* memory, std::size_t count) {
  EDGE_CHECK(memory != nullptr);
  std::size_t room = (count + 1) * sizeof(Set);
  return {static_cast<Set*>(std::align(alignof(Set), count * sizeof(Set), memory, room)), count};
}

Taken RateTable::take(std::uint64_t key, const Rate& rate, Instant now) noexcept {
  const std::size_t place = key & set_mask_;
  Set& set = sets_[place];
  const std::int64_t time = now.time_since_epoch().count();
  const MutexLock lock(locks_[place % kLocks].mutex);
  Entry* entry = &set.entries.front();
  for (Entry& one : set.entries) {
    if (one.key == key) {
      entry = &one;
      break;
    }
    if (one.full_at < entry->full_at) entry = &one;
  }
  Taken taken;
  if (entry->key != key) {
    taken.has_forgotten = entry->full_at > time;
    *entry = {key, time};
  }
  const std::int64_t full_at = std::max(entry->full_at, time) + rate.interval.count();
  const std::int64_t too_much = full_at - time - rate.whole().count();
  if (too_much > 0) {
    taken.is_allowed = false;
    taken.wait = std::chrono::nanoseconds{too_much};
  } else {
    entry->full_at = full_at;
  }
  return taken;
}

}  // namespace edge::limit
