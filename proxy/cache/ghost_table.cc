#include "cache/ghost_table.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace edge::cache {

void GhostTable::remember(std::uint64_t hash, std::size_t limit) {
  fit(limit);
  if (limit_ == 0) return;
  if (++clock_ == 0) ++clock_;
  place(Slot{fingerprint_of(hash), clock_});
}

std::optional<std::uint32_t> GhostTable::try_take(std::uint64_t hash) noexcept {
  if (buckets_.empty()) return std::nullopt;
  const std::uint32_t fingerprint = fingerprint_of(hash);
  for (Slot& slot : bucket_of(fingerprint).slots)
    if (slot.fingerprint == fingerprint && is_live(slot)) return clock_ - std::exchange(slot, Slot{}).born + 1;
  return std::nullopt;
}

// Chosen by all bits of the hash, whichever of them chose the shard.
std::uint32_t GhostTable::fingerprint_of(std::uint64_t hash) noexcept {
  return static_cast<std::uint32_t>((hash * 0x9e37'79b9'7f4a'7c15u) >> 32);
}

// The uppermost bits, so a fingerprint is all that is needed to rebuild the table.
GhostTable::Bucket& GhostTable::bucket_of(std::uint32_t fingerprint) noexcept {
  return buckets_[(std::uint64_t{fingerprint} * buckets_.size()) >> 32];
}

void GhostTable::place(Slot slot) noexcept {
  Slot* oldest = nullptr;
  for (Slot& other : bucket_of(slot.fingerprint).slots) {
    if (!is_live(other)) {
      other = slot;
      return;
    }
    if (oldest == nullptr || clock_ - other.born > clock_ - oldest->born) oldest = &other;
  }
  *oldest = slot;
}

// Between 3/8 and 3/4 of the slots are live.
void GhostTable::fit(std::size_t limit) {
  limit_ = static_cast<std::uint32_t>(std::min<std::size_t>(limit, 1u << 30));
  const std::size_t buckets = limit_ == 0 ? 0 : std::bit_ceil(limit_ / (kSlots * 3 / 4) + 1);
  // Shrinks only where a quarter would do, so that a limit about a boundary does not rebuild again and again.
  if (buckets <= buckets_.size() && buckets * 4 > buckets_.size()) return;
  auto before = std::exchange(buckets_, std::vector<Bucket>(buckets));
  if (buckets == 0) return;
  for (const Bucket& bucket : before)
    for (const Slot& slot : bucket.slots)
      if (is_live(slot)) place(slot);
}

}  // namespace edge::cache
