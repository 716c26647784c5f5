// What one check came to.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edge::verify {

enum class Outcome : std::uint8_t {
  Consistent,    // The edge answered what the origin has.
  Inconsistent,  // It answered something else, and the origin was asked before, after and again.
  Unavailable,   // The edge gave no answer: unreachable, too late, 429 or 5xx.
  NoOrigin,      // The origin gave none, so nothing can be said.
  ChangedAgain,  // The avatar changed again meanwhile; the next change has checks of its own.
  Undecided,     // It differed and then no longer did, and nothing tells whether it was older; or the feed fell silent.
  Late,          // Our own limits, or a slow machine, kept us from asking at the time that it was for.
  Count,
};
inline constexpr std::array<std::string_view, 7> kOutcomeLabels{
    "consistent", "inconsistent", "unavailable", "no_origin", "changed_again", "undecided", "late"};
static_assert(kOutcomeLabels.size() == static_cast<std::size_t>(Outcome::Count));

}  // namespace edge::verify
