// Cache-Control (RFC 9111 section 5.2), of a request or of a response.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/delta_seconds.h"
#include "http/fields.h"

namespace edge::http {

// Longer than anything can have been stale: an age of kDeltaSecondsMax on arrival, and as long again here.
inline constexpr std::chrono::seconds kAnyStaleness = 2 * kDeltaSecondsMax;

// The directives that this cache acts on; others are ignored, as the RFC asks. Where a directive is repeated, malformed
// or contradicts another, the reading under which less is kept for less long holds.
struct CacheControl {
  // At most kDeltaSecondsMax. A value that is no number counts as 0 (RFC 9111 section 4.2.1: consider it stale).
  std::optional<std::chrono::seconds> max_age;
  std::optional<std::chrono::seconds> s_maxage;                // Responses only, as the next two.
  std::optional<std::chrono::seconds> stale_while_revalidate;  // RFC 5861 section 3.
  std::optional<std::chrono::seconds> stale_if_error;          // RFC 5861 section 4.
  // Requests only. max-stale without a number takes whatever is stale: kAnyStaleness.
  std::optional<std::chrono::seconds> max_stale;
  std::optional<std::chrono::seconds> min_fresh;

  bool no_store = false;
  bool no_cache = false;

  // Responses only.
  bool is_public = false;
  bool is_private = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool is_targeted = false;  // Said to us in particular (RFC 9213): Expires does not count then.

  // Requests only.
  bool only_if_cached = false;

  // The fields, in lower case, that private="…" and no-cache="…" name: what remains of the response may be kept without
  // them (RFC 9111 sections 5.2.2.4 and 5.2.2.7). A list that is empty or malformed counts as the directive without
  // one.
  std::vector<std::string> unshared{};
};

// `value`: all Cache-Control lines, joined by ", ".
CacheControl parse_cache_control(std::string_view value);
// The same, from the message's fields. Does not allocate where there is at most one line, and no field list.
CacheControl parse_cache_control(const Fields& fields);

}  // namespace edge::http
