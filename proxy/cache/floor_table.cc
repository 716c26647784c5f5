#include "cache/floor_table.h"

#include <algorithm>
#include <utility>

namespace edge::cache {
namespace {

// More are not moved for one that is to go.
constexpr std::size_t kSparedMax = 64;

}  // namespace

void FloorTable::raise(std::uint64_t avatar_hash, const Floor& to) {
  const auto [place, is_new] = floors_.try_emplace(avatar_hash);
  Node& node = place->second;
  if (is_new) {
    node.avatar_hash = avatar_hash;
  } else {
    unlink(node);
  }
  node.floor.id = std::max(node.floor.id, to.id);
  node.floor.version = std::max(node.floor.version, to.version);
  node.floor.raised_at = to.raised_at;
  node.floor.unpublished += to.unpublished;
  push_newest(node);
  forget_oldest_beyond_max();
}

void FloorTable::note_purged(std::uint64_t avatar_hash) {
  const auto [place, is_new] = floors_.try_emplace(avatar_hash);
  Node& node = place->second;
  node.floor.is_purged = true;
  if (!is_new) return;
  node.avatar_hash = avatar_hash;
  push_newest(node);
  forget_oldest_beyond_max();
}

void FloorTable::note_published(std::uint64_t avatar_hash, EventId id) {
  const auto found = floors_.find(avatar_hash);
  if (found == floors_.end() || found->second.floor.unpublished == 0) return;
  --found->second.floor.unpublished;
  found->second.floor.published = std::max(found->second.floor.published, id);
}

void FloorTable::forget_oldest_beyond_max() {
  if (floors_.size() <= floors_max_) return;
  for (std::size_t tries = 0; oldest_->floor.is_only_origin() && tries < kSparedMax; ++tries) {
    Node& spared = *oldest_;
    unlink(spared);
    push_newest(spared);
  }
  has_forgotten_only_origin_ |= oldest_->floor.is_only_origin();
  Node& gone = *oldest_;
  mark_ = std::max(mark_, gone.floor.id);
  unlink(gone);
  floors_.erase(gone.avatar_hash);
}

const Floor* FloorTable::find(std::uint64_t avatar_hash) const {
  const auto found = floors_.find(avatar_hash);
  return found == floors_.end() ? nullptr : &found->second.floor;
}

void FloorTable::reset(EventId mark) {
  for (Node* node = oldest_; node;) {
    Node& old = *std::exchange(node, node->newer);
    // Whether its event comes in this life nobody knows.
    if (old.floor.is_only_origin()) {
      old.floor = {.raised_at = old.floor.raised_at, .is_purged = true};
      continue;
    }
    unlink(old);
    floors_.erase(old.avatar_hash);
  }
  mark_ = mark;
}

void FloorTable::unlink(Node& node) noexcept {
  (node.older ? node.older->newer : oldest_) = node.newer;
  (node.newer ? node.newer->older : newest_) = node.older;
  node.older = node.newer = nullptr;
}

void FloorTable::push_newest(Node& node) noexcept {
  node.older = newest_;
  (newest_ ? newest_->newer : oldest_) = &node;
  newest_ = &node;
}

}  // namespace edge::cache
