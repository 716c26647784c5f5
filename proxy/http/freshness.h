// How long a response is fresh, and how old it was when it came (RFC 9111 section 4.2).
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"
#include "http/cache_control.h"
#include "http/message.h"

namespace edge::http {

// What holds where the origin says nothing.
struct FreshnessDefaults {
  std::chrono::milliseconds default_ttl{0};   // Of what is heuristically cacheable, errors apart.
  std::chrono::milliseconds negative_ttl{0};  // Of 404 and 410.
};

enum class LifetimeSource : std::uint8_t {
  None,     // Nothing says for how long; the length is 0.
  NoCache,  // Kept, but never used without asking; the length is 0.
  SMaxage,
  MaxAge,
  Expires,
  DefaultTtl,
  NegativeTtl,
};

struct FreshnessLifetime {
  std::chrono::milliseconds length{0};  // Never negative.
  LifetimeSource source = LifetimeSource::None;

  // Whether the origin itself has said it (RFC 9111 section 3).
  bool is_explicit() const noexcept {
    return source == LifetimeSource::SMaxage || source == LifetimeSource::MaxAge || source == LifetimeSource::Expires;
  }
};

// RFC 9111 section 4.2.1, for a shared cache: s-maxage, then max-age, then Expires less Date, then our defaults. An
// Expires that is repeated or no date has passed. `received`: when the response came; its Date where it names none.
FreshnessLifetime freshness_lifetime(const ResponseHead& head, const CacheControl& control,
                                     const FreshnessDefaults& defaults, WallTime received) noexcept;

// RFC 9111 section 4.2.3, corrected_initial_age: how old the response was when it came. `response_delay`: from sending
// the request until then. Negative differences, which only clocks that disagree can give, count as 0.
std::chrono::milliseconds initial_age(const ResponseHead& head, WallTime received,
                                      std::chrono::milliseconds response_delay) noexcept;

// Statuses that may be kept though the origin does not say for how long (RFC 9110 section 15.1), without 206.
bool is_heuristically_cacheable(std::uint16_t status) noexcept;

}  // namespace edge::http
