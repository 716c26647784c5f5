#include "base/hash.h"

#include <sys/random.h>

#include "base/check.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace edge {

static std::uint64_t random_key() {
  std::uint64_t key = 0;
  EDGE_CHECK(getrandom(&key, sizeof key, 0) == sizeof key);
  return key;
}

std::uint64_t keyed_hash(std::string_view bytes) noexcept {
  static const std::uint64_t key = random_key();
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), key);
}

std::uint64_t stable_hash(std::string_view bytes) noexcept { return XXH3_64bits(bytes.data(), bytes.size()); }

}  // namespace edge
