// What bytes from outside need before they may stand in a log.
#pragma once

#include <cstddef>
#include <string_view>

namespace edge {

// The bytes of the one well-formed character that `text` begins with (RFC 3629 section 4: no overlong forms, no
// surrogates, nothing above U+10FFFF); 0 where there is none.
constexpr std::size_t utf8_character_bytes(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) noexcept -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto is_tail = [byte](std::size_t i) noexcept { return (byte(i) & 0xC0u) == 0x80u; };
  if (text.empty()) return 0;
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4 || !is_tail(1)) return 0;
  if (first < 0xE0) return 2;
  if (first < 0xF0) {
    const bool is_overlong = first == 0xE0 && second < 0xA0;
    const bool is_surrogate = first == 0xED && second > 0x9F;
    return !is_overlong && !is_surrogate && is_tail(2) ? 3 : 0;
  }
  const bool is_overlong = first == 0xF0 && second < 0x90;
  const bool is_too_large = first == 0xF4 && second > 0x8F;
  return !is_overlong && !is_too_large && is_tail(2) && is_tail(3) ? 4 : 0;
}

// Whether the character can move a terminal's cursor rather than show something: U+0000 to U+001F, U+007F to U+009F.
constexpr bool is_control_character(std::string_view character) noexcept {
  if (character.size() == 1) return static_cast<unsigned char>(character[0]) < 0x20 || character[0] == '\x7F';
  return character.size() == 2 && character[0] == '\xC2' && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace edge
