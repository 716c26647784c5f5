// Redis's answers, in a few words.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "redis/reply.h"

namespace edge::feed {

inline redis::Reply text(std::string words) { return {.kind = redis::Reply::Kind::Text, .text = std::move(words)}; }
inline redis::Reply number(std::int64_t n) { return {.kind = redis::Reply::Kind::Integer, .integer = n}; }
inline redis::Reply array(std::vector<redis::Reply> items) {
  return {.kind = redis::Reply::Kind::Array, .items = std::move(items)};
}

}  // namespace edge::feed
