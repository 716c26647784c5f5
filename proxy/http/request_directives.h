// What a request's Cache-Control asks of a cache (RFC 9111 section 5.2.1).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "http/fields.h"

namespace edge::http {

// Which of them count. They are advice: a cache may ignore them, and those in front of large sites do, because they let
// any client reach the origin.
enum class RequestDirectives : std::uint8_t {
  Limited,  // only-if-cached; no-cache, and max-age=0, which browsers send for it.
  Obey,     // All of them.
  Ignore,   // None.
};

// What a stored response must be for a request.
struct UseLimits {
  bool revalidate = false;      // Not without asking the origin.
  bool only_if_cached = false;  // The origin is not to be asked.
  bool no_store = false;        // Its answer is not to be stored.
  std::optional<std::chrono::seconds> age_max{};
  std::chrono::seconds fresh_for_min{0};
  std::optional<std::chrono::seconds> stale_max{};  // Stale for so long will do.
};

// Does not allocate where Cache-Control is one line; at once for a request without it.
UseLimits use_limits(const Fields& request, RequestDirectives which);

}  // namespace edge::http
