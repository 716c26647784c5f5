// How long a response is fresh, and how old it was when it came (RFC 9111 section 4.2).
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "http/cache_control.h"
#include "http/message.h"

namespace edge::http {

// What holds where the origin says nothing.
struct FreshnessDefaults {
  std::chrono::milliseconds default_ttl{0};   // Of what is heuristically cacheable, errors apart.
  std::chrono::milliseconds negative_ttl{0};  // Of 404 and 410.
  // Longest that may be guessed from Last-Modified (RFC 9111 section 4.2.2); 0: no guess. default_ttl counts before it.
  std::chrono::milliseconds heuristic_max{0};
};

enum class LifetimeSource : std::uint8_t {
  None,     // Nothing says for how long; the length is 0.
  NoCache,  // Kept, but never used without asking; the length is 0.
  SMaxage,
  MaxAge,
  Expires,
  DefaultTtl,
  NegativeTtl,
  Heuristic,
};

// In words for people, "max-age".
std::string_view to_text(LifetimeSource source) noexcept;

struct FreshnessLifetime {
  std::chrono::milliseconds length{0};  // Never negative.
  LifetimeSource source = LifetimeSource::None;

  // Whether the origin itself has said it (RFC 9111 section 3).
  bool is_explicit() const noexcept {
    return source == LifetimeSource::SMaxage || source == LifetimeSource::MaxAge || source == LifetimeSource::Expires;
  }
};

// RFC 9111 section 4.2.1, for a shared cache: s-maxage, then max-age, then Expires less Date, then our defaults, and
// last a tenth of the time since Last-Modified. An Expires that is repeated or no date has passed; it says nothing
// beside a field that is for us in particular (RFC 9213 section 2.2). `received`: when the response came; its Date
// where it names none.
FreshnessLifetime freshness_lifetime(const ResponseHead& head, const CacheControl& control,
                                     const FreshnessDefaults& defaults, WallTime received) noexcept;

// RFC 9111 section 4.2.3, corrected_initial_age: how old the response was when it came. `response_delay`: from sending
// the request until then. Negative differences, which only clocks that disagree can give, count as 0.
std::chrono::milliseconds initial_age(const ResponseHead& head, WallTime received,
                                      std::chrono::milliseconds response_delay) noexcept;

// For how long after it was fresh a response may be used (RFC 9111 section 4.2.4, RFC 5861).
struct StaleDefaults {
  std::chrono::milliseconds while_revalidate{0};
  std::chrono::milliseconds if_error{0};
};
struct StaleAllowance {
  std::chrono::milliseconds while_revalidate{0};
  std::chrono::milliseconds if_error{0};
  bool by_request = false;  // Whether a client's max-stale may be obeyed.
};
// The response's own directives count before the defaults. must-revalidate, proxy-revalidate, s-maxage and no-cache
// forbid all of it.
StaleAllowance stale_allowance(const CacheControl& control, const StaleDefaults& defaults) noexcept;

// Statuses that may be kept though the origin does not say for how long (RFC 9110 section 15.1), without 206.
bool is_heuristically_cacheable(std::uint16_t status) noexcept;

}  // namespace edge::http
