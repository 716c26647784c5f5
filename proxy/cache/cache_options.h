// How much the memory cache may hold, and for how long.
#pragma once

#include <chrono>
#include <cstdint>

namespace edge::cache {

struct CacheOptions {
  std::uint64_t memory_bytes = 512ull << 20;          // Stored responses with all overhead; a hard budget.
  std::uint64_t object_bytes_max = 8ull << 20;        // A larger body is streamed, not stored.
  std::chrono::milliseconds default_ttl{0};           // Freshness where the origin says nothing. 0: not stored.
  std::chrono::milliseconds negative_ttl{5'000};      // Freshness of 404 and 410 where the origin says nothing.
  std::chrono::milliseconds uncacheable_ttl{60'000};  // For so long it is remembered that a response may not be stored.
  std::uint32_t waiters_max = 10'000;                 // Requests that may wait for one fill; more are told 503.
  std::uint32_t variants_max = 100;                   // Stored responses of one avatar; the oldest gives way.
  std::uint32_t floors_max = 1'000'000;               // Avatars whose version floor is remembered.
};

}  // namespace edge::cache
