// How the update feed is read and written.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>

#include "redis/redis_url.h"

namespace edge::feed {

struct FeedOptions {
  redis::RedisUrl url;
  std::string stream = "avatar:updates";
  std::chrono::milliseconds lease{5'000};
  std::chrono::milliseconds registry{600'000};     // How long the registry remembers a node that is silent.
  std::chrono::milliseconds reconnect_max{2'000};  // Longest pause before the next try.
  std::uint32_t batch_max = 1'000;                 // Events of one read.
  std::uint64_t length_max = 1'000'000;  // Events that the stream keeps, about, when this node adds one; 0: all.
  std::string node;                      // This node's name in the registry; unique.

  // A proof in good time before the lease is over, so that one that is lost does not end it.
  std::chrono::milliseconds proof_interval() const { return lease / 5; }
  std::chrono::milliseconds connect_timeout() const { return std::min(lease / 2, std::chrono::milliseconds{1'000}); }
  // Between two looks at the sentinels, where the URL has any. A lease is enough to hear three of them, where these
  // answer at once: a wait that counts on a lease's end (PROTOCOL R18) is then not over at a deposed primary that one
  // of those knows of. One that hangs takes connect_timeout() of that; then only R8 stands in the way of such a
  // primary.
  std::chrono::milliseconds look_at_sentinels() const { return std::min(lease / 4, std::chrono::milliseconds{1'000}); }
  // A peer that is silent for longer is given up.
  std::chrono::milliseconds answer_timeout() const { return lease / 4; }
};

}  // namespace edge::feed
