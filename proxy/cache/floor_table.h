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
  std::uint32_t unpublished = 0;           // Changes that did not come from the feed and are still to be published.
  EventId published{};                     // The newest event of those that are.
  bool is_purged = false;                  // By hand.

  // Whether the tier may hold what was before a change that the feed has not brought here, or before a purge by hand:
  // then nothing of it is taken for the avatar (PROTOCOL R30).
  bool is_only_origin() const noexcept { return is_purged || unpublished > 0 || published > id; }
};

// Part of a shard, guarded by its lock. Bounded by number, not by time: beyond `floors_max` the floor that was raised
// longest ago goes and raises the mark, at or below which no floor is known any more. One that is for the origin alone
// is spared, for no mark says that.
class FloorTable {
 public:
  explicit FloorTable(std::size_t floors_max) : floors_max_(floors_max) {}
  FloorTable(const FloorTable&) = delete;
  FloorTable& operator=(const FloorTable&) = delete;

  // IDs and version go by the maximum, for an older event may come late; what is unpublished is added.
  void raise(std::uint64_t avatar_hash, const Floor& to);
  // It was purged by hand: nothing else changes.
  void note_purged(std::uint64_t avatar_hash);
  // One of its unpublished changes is that event now.
  void note_published(std::uint64_t avatar_hash, EventId id);
  // Null when none is known.
  const Floor* find(std::uint64_t avatar_hash) const;
  EventId mark() const noexcept { return mark_; }
  // Another life of the feed: what was known is forgotten, but which avatars are for the origin alone, and nothing at
  // or below `mark` will be known.
  void reset(EventId mark);

  // Whether the table was so full of such avatars that one had to be forgotten: then it may be any.
  bool has_forgotten_only_origin() const noexcept { return has_forgotten_only_origin_; }

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

  void forget_oldest_beyond_max();
  void unlink(Node& node) noexcept;
  void push_newest(Node& node) noexcept;

  const std::size_t floors_max_;
  EventId mark_;
  bool has_forgotten_only_origin_ = false;
  std::unordered_map<std::uint64_t, Node> floors_;  // Its nodes stay where they are.
  Node* oldest_ = nullptr;                          // By when they were raised.
  Node* newest_ = nullptr;
};

}  // namespace edge::cache
