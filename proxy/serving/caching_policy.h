// What an operator decides where the RFCs leave it to the cache.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "http/freshness.h"
#include "http/request_directives.h"
#include "http/storable.h"

namespace edge::serving {

struct CachingPolicy {
  http::FreshnessDefaults freshness{.negative_ttl = std::chrono::seconds{5}, .heuristic_max = std::chrono::hours{1}};
  http::StaleDefaults stale;
  std::uint64_t stream_from_bytes = 64 << 10;         // A body of so many goes to those who wait while it comes.
  std::chrono::milliseconds uncacheable_ttl{60'000};  // For so long it is remembered that a response is not storable.
  http::RequestDirectives request_directives = http::RequestDirectives::Limited;
  http::SetCookiePolicy set_cookie = http::SetCookiePolicy::Pass;
  std::vector<std::string> targeted_fields{"cdn-cache-control"};  // RFC 9213; in lower case, first come first.
  std::uint32_t range_parts_max = 16;  // Parts of one multipart/byteranges answer; 0: Range is ignored.
  bool forward_targeted = false;       // Whether clients see them.
  std::uint32_t lag_retries =
      4;  // Times that an origin which answers less than an update event has said is asked again,
  std::chrono::milliseconds lag_pause{50};  // after this pause, which doubles each time.
  std::vector<std::string> accept_types{};  // What Accept is reduced to; empty: not at all.
};

}  // namespace edge::serving
