// The ID of an update event: that of its entry in the Redis stream, milliseconds and a number within them. Only IDs of
// one life of the feed's server compare (PROTOCOL, "identity").
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/text.h"

namespace edge::cache {

struct EventId {
  std::uint64_t milliseconds = 0;
  std::uint64_t sequence = 0;

  friend auto operator<=>(const EventId&, const EventId&) = default;
  // As Redis writes it: "1763800000123-0".
  std::string text() const { return std::to_string(milliseconds) + "-" + std::to_string(sequence); }
};

inline std::optional<EventId> try_event_id(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto milliseconds = try_unsigned(text.substr(0, dash)), sequence = try_unsigned(text.substr(dash + 1));
  if (!milliseconds || !sequence) return std::nullopt;
  return EventId{*milliseconds, *sequence};
}

}  // namespace edge::cache
