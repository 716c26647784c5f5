// The highest version that an update event has named for an avatar (PROTOCOL R4): nothing older is stored.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

namespace edge::cache {

// Part of a shard, guarded by its lock. Bounded: beyond `floors_max` the floor that has been known longest goes, so it
// guards only while it is here.
class FloorTable {
 public:
  explicit FloorTable(std::size_t floors_max) : floors_max_(floors_max) {}

  void raise(std::uint64_t avatar_hash, std::uint64_t version);
  std::optional<std::uint64_t> find(std::uint64_t avatar_hash) const;
  std::size_t size() const noexcept { return versions_.size(); }
  // Estimated: two nodes of the standard containers a floor.
  std::size_t bytes() const noexcept { return versions_.size() * 72; }

 private:
  const std::size_t floors_max_;
  std::unordered_map<std::uint64_t, std::uint64_t> versions_;
  std::deque<std::uint64_t> oldest_first_;
};

}  // namespace edge::cache
