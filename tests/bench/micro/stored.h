// Avatars in a memory cache, as fills would have put them there.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

#include "bench/micro/browser_request.h"
#include "cache/memory_cache.h"
#include "http/fields.h"

namespace edge::bench {

// Of 4 KiB or whatever, with the fields of an avatar origin, fresh for a day.
inline Ref<const cache::StoredResponse> make_stored(std::string_view url, std::string_view body, Instant now,
                                                    cache::MemoryBudget& budget) {
  static constexpr std::string_view kFields =
      "server: nginx\r\ndate: Sun, 22 Nov 2026 21:05:54 GMT\r\ncontent-type: image/webp\r\n"
      "last-modified: Sun, 22 Nov 2026 20:00:00 GMT\r\ncache-control: public, max-age=86400\r\n"
      "x-avatar-version: 57\r\netag: \"12345-57\"\r\n";
  Bytes bytes;
  bytes.append(body);
  return cache::StoredResponse::make({.url = url,
                                      .fields = kFields,
                                      .etag = kFields.substr(kFields.find('"'), 10),
                                      .version = 57,
                                      .born_at = now,
                                      .fresh_until = now + std::chrono::hours{24}},
                                     std::move(bytes), budget);
}

// Leads a fill and ends it with `body`. The avatar must not be held yet.
inline void fill(cache::MemoryCache& cache, std::string_view avatar, std::string_view url, std::string_view body,
                 Instant now) {
  static const http::Fields no_fields;
  auto found = cache.look_up(cache::CacheKey(avatar, url), {no_fields}, now, {0, 1});
  cache.store(std::move(std::get<cache::Lead>(found).permit), make_stored(url, body, now, cache.budget()));
}

// The avatars from 0 on.
inline void fill_avatars(cache::MemoryCache& cache, std::size_t count, std::size_t body_bytes, Instant now) {
  const std::string body(body_bytes, 'x');
  for (std::size_t avatar = 0; avatar < count; ++avatar)
    fill(cache, std::to_string(avatar), avatar_path(avatar), body, now);
}

}  // namespace edge::bench
