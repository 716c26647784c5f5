// The floors of avatars: what their newest update event was, so that nothing from before it is stored (PROTOCOL R4,
// R12).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "base/clock.h"
#include "cache/event_id.h"

namespace edge::cache {

struct Floor {
  EventId id{};                            // Of its newest event; 0-0 where none came from the feed.
  std::optional<std::uint64_t> version{};  // The highest that any of its events bore.
  Instant raised_at{};                     // When this node applied the newest.
};

// Part of a shard, guarded by its lock. Bounded by number, not by time: beyond `floors_max` the floor that was raised
// longest ago goes and raises the mark, at or below which no floor is known any more.
class FloorTable {
 public:
  explicit FloorTable(std::size_t floors_max) : floors_max_(floors_max) {}
  FloorTable(const FloorTable&) = delete;
  FloorTable& operator=(const FloorTable&) = delete;

  // ID and version go by the maximum: an older event may come late.
  void raise(std::uint64_t avatar_hash, const Floor& to);
  // Null when none is known.
  const Floor* find(std::uint64_t avatar_hash) const;
  EventId mark() const noexcept { return mark_; }
  // Another life of the feed: what was known is forgotten, and nothing at or below `mark` will be known.
  void reset(EventId mark);

  std::size_t size() const noexcept { return floors_.size(); }
  // Estimated: a node and a place in the index each.
  std::size_t bytes() const noexcept { return floors_.size() * (sizeof(Node) + 48); }

 private:
  struct Node {
    Floor floor;
    std::uint64_t avatar_hash = 0;
    Node* older = nullptr;
    Node* newer = nullptr;
  };

  void unlink(Node& node) noexcept;
  void push_newest(Node& node) noexcept;

  const std::size_t floors_max_;
  EventId mark_;
  std::unordered_map<std::uint64_t, Node> floors_;  // Its nodes stay where they are.
  Node* oldest_ = nullptr;                          // By when they were raised.
  Node* newest_ = nullptr;
};

}  // namespace edge::cache
