#include "cache/floor_table.h"

#include <algorithm>

namespace edge::cache {

void FloorTable::raise(std::uint64_t avatar_hash, std::uint64_t version) {
  if (floors_max_ == 0) return;
  const auto [place, is_new] = versions_.try_emplace(avatar_hash, version);
  place->second = std::max(place->second, version);
  if (!is_new) return;
  oldest_first_.push_back(avatar_hash);
  if (oldest_first_.size() <= floors_max_) return;
  versions_.erase(oldest_first_.front());
  oldest_first_.pop_front();
}

std::optional<std::uint64_t> FloorTable::find(std::uint64_t avatar_hash) const {
  const auto found = versions_.find(avatar_hash);
  return found == versions_.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace edge::cache
