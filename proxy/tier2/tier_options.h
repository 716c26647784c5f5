// How the Redis tier is used.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "redis/redis_url.h"

namespace edge::tier2 {

struct TierOptions {
  redis::RedisUrl url;
  std::string prefix = "avatar-edge";             // Of all its keys.
  std::chrono::milliseconds timeout{50};          // A later answer is a miss.
  std::chrono::milliseconds ttl_max{86'400'000};  // Longest that anything stays in it.
  std::uint64_t object_bytes_max = 1ull << 20;    // A larger body stays out of it.
  std::chrono::milliseconds claim{100};  // For so long one node's question to the origin holds the others'; 0: not.

  // A Redis that is silent for longer is given up.
  std::chrono::milliseconds answer_timeout() const { return timeout * 20 + std::chrono::milliseconds{1'000}; }
};

}  // namespace edge::tier2
