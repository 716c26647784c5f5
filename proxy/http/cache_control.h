// Cache-Control (RFC 9111 section 5.2), of a request or of a response.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "http/fields.h"

namespace edge::http {

// The directives that this cache acts on; others are ignored, as the RFC asks. Where a directive is repeated, malformed
// or contradicts another, the reading under which less is kept for less long holds.
struct CacheControl {
  // At most kDeltaSecondsMax. A value that is no number counts as 0 (RFC 9111 section 4.2.1: consider it stale).
  std::optional<std::chrono::seconds> max_age;
  std::optional<std::chrono::seconds> s_maxage;  // Responses only.

  bool no_store = false;
  bool no_cache = false;  // Also for no-cache="field": whoever may keep the rest may also ask again.

  // Responses only.
  bool is_public = false;
  bool is_private = false;  // Also for private="field".
  bool must_revalidate = false;
  bool proxy_revalidate = false;

  // Requests only.
  bool only_if_cached = false;
};

// `value`: all Cache-Control lines, joined by ", ".
CacheControl parse_cache_control(std::string_view value) noexcept;
// The same, from the message's fields. Does not allocate where there is at most one line.
CacheControl parse_cache_control(const Fields& fields);

}  // namespace edge::http
