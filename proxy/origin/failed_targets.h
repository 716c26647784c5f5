// Of which targets it is known already that the origin answers them badly.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace edge::origin {

// One broken picture that everybody asks for must neither open a breaker nor eject a URL: a bad status speaks against
// the origin once for each target within a window, and what is said again is no news. A table of a fixed size, by
// hashes in sets of four; where a set is full the oldest is forgotten, and counts once more. Owned by its Origin;
// loop's thread only.
class FailedTargets {
 public:
  // Whether it is news that this target has failed; it is none for a window from now on.
  bool note(std::uint64_t hash, Instant now, std::chrono::milliseconds window) {
    auto& set = sets_[hash % kSets];
    Entry* place = &set.front();
    for (Entry& entry : set) {
      if (entry.noted_at < place->noted_at) place = &entry;
      if (entry.hash == hash) {
        place = &entry;
        break;
      }
    }
    if (place->hash == hash && now < place->noted_at + window) return false;
    *place = {hash, now};
    return true;
  }

  static constexpr std::size_t kSets = 256;
  static constexpr std::size_t kSetSize = 4;

 private:
  struct Entry {
    std::uint64_t hash = 0;
    Instant noted_at = Instant::min();
  };
  std::array<std::array<Entry, kSetSize>, kSets> sets_{};  // 16 KiB.
};

}  // namespace edge::origin
