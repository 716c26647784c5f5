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
  std::optional<std::uint64_t> epoch;  // Of the newest configuration that any of them has told.
  std::string primary;                 // The address connected to last; empty before the first.

  // Told of each, where anybody wants to count them; null: nobody does.
  UniqueFunction<void()> on_switch;      // The primary has another address than the last one.
  UniqueFunction<void()> on_ask_failed;  // A sentinel was asked, and did not lead to the primary.

  void note_switch() {
    if (on_switch) on_switch();
  }
  void note_ask_failed() {
    if (on_ask_failed) on_ask_failed();
  }
};

}  // namespace edge::redis
