#include "cache/floor_table.h"

#include <algorithm>

namespace edge::cache {

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
  push_newest(node);
  if (floors_.size() <= floors_max_) return;
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
  floors_.clear();
  oldest_ = newest_ = nullptr;
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
