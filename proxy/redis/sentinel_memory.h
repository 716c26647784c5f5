// What is known of the sentinels of a Redis from one connection to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/unique_function.h"

namespace edge::redis {

// Owned by whoever makes the connections, which it outlives. Loop's thread only.
struct SentinelMemory {
  std::size_t first = 0;               // Which of them is asked first: the one that answered last.
  std::optional<std::uint64_t> epoch;  // Of the newest configuration that any of them has told and that is believed.
  // That of one that more than half have contradicted with an older one. Who repeats it tells nothing new, and is to
  // lead nobody away from them time and again.
  std::optional<std::uint64_t> contradicted;
  std::string primary;  // The address connected to last; empty before the first.

  // Told of each, where anybody wants to count them; null: nobody does.
  UniqueFunction<void()> on_switch;      // The primary has another address than the last one.
  UniqueFunction<void()> on_ask_failed;  // A sentinel was asked, and did not lead to the primary.

  // Whether that answer is to be believed only where more than half agree. Without an epoch nobody can tell.
  bool is_behind(std::optional<std::uint64_t> told) const {
    return told && ((epoch && *told < *epoch) || told == contradicted);
  }
  void believe(std::size_t sentinel, std::optional<std::uint64_t> told) {
    first = sentinel;
    if (told) epoch = told;
  }
  // As more than half do.
  void believe_most(std::size_t sentinel, std::optional<std::uint64_t> told) {
    if (told && epoch && *told < *epoch) {
      contradicted = epoch;
    } else if (told == contradicted) {
      contradicted.reset();
    }
    believe(sentinel, told);
  }

  void note_switch() {
    if (on_switch) on_switch();
  }
  void note_ask_failed() {
    if (on_ask_failed) on_ask_failed();
  }
};

}  // namespace edge::redis
