// What a response is stored under: its URL, and the avatar that an update event would name.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/hash.h"

namespace edge::cache {

// Views into the request. Two avatars with one hash (about never, and nobody can bring it about: the hash is keyed)
// are invalidated together, which costs a fill and breaks nothing; URLs are compared in full.
struct CacheKey {
  CacheKey(std::string_view avatar_name, std::string_view url_text)
      : avatar(avatar_name), url(url_text), avatar_hash(keyed_hash(avatar_name)), url_hash(keyed_hash(url_text)) {}

  std::string_view avatar;
  std::string_view url;  // Path and query, normalised.
  std::uint64_t avatar_hash;
  std::uint64_t url_hash;
};

}  // namespace edge::cache
