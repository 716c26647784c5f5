// How much the memory cache may hold.
#pragma once

#include <chrono>
#include <cstdint>

namespace edge::cache {

struct CacheOptions {
  std::uint64_t memory_bytes = 512ull << 20;    // Stored responses with all overhead; a hard budget.
  std::uint64_t object_bytes_max = 8ull << 20;  // A larger body is streamed, not stored.
  std::uint32_t waiters_max = 10'000;           // Requests that may wait for one fill; more are told 503.
  std::uint32_t variants_max = 100;             // Stored responses of one avatar; the oldest gives way.
  std::uint32_t floors_max = 250'000;           // Avatars whose newest update event is remembered.
  // For so long after an event the origin's replicas may not all know of it: what is filled meanwhile is revalidated
  // when that time is over. Not where versions tell.
  std::chrono::milliseconds settle{2'000};
  // What an update drops is filled again at once where it was asked for since so long; 0: nothing is.
  std::chrono::milliseconds push{60'000};
};

}  // namespace edge::cache
