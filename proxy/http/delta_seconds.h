// Ages and lifetimes on the wire (RFC 9111 section 1.2.2).
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "http/characters.h"

namespace edge::http {

// What a value that is too large counts as; no age or lifetime here is ever longer.
inline constexpr std::chrono::seconds kDeltaSecondsMax{std::int64_t{1} << 31};

// Decimal digits and nothing else; nullopt for anything but them.
constexpr std::optional<std::chrono::seconds> try_delta_seconds(std::string_view text) noexcept {
  if (text.empty()) return std::nullopt;
  std::int64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
    if (value > kDeltaSecondsMax.count()) value = kDeltaSecondsMax.count();
  }
  return std::chrono::seconds{value};
}

}  // namespace edge::http
