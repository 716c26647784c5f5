// The character classes of HTTP and URIs, as tables: one load a byte.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edge::http {

using CharacterSet = std::array<bool, 256>;

constexpr CharacterSet make_set(std::string_view more) {
  CharacterSet set{};
  for (std::size_t c = 'a'; c <= 'z'; ++c) set[c] = set[c - 32] = true;
  for (std::size_t c = '0'; c <= '9'; ++c) set[c] = true;
  for (const char c : more) set[static_cast<unsigned char>(c)] = true;
  return set;
}

// RFC 9110 section 5.6.2.
inline constexpr CharacterSet kTokenCharacters = make_set("!#$%&'*+-.^_`|~");
// RFC 3986 section 2.3.
inline constexpr CharacterSet kUnreservedCharacters = make_set("-._~");

constexpr bool is_in(const CharacterSet& set, char c) noexcept { return set[static_cast<unsigned char>(c)]; }

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

// US-ASCII control characters: 0 to 31 and 127.
constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// RFC 9110 section 5.5: inside a field's value these could end it early for whoever reads it next.
constexpr bool has_line_breaker(std::string_view text) noexcept {
  for (const char c : {'\r', '\n', '\0'})
    if (text.find(c) != std::string_view::npos) return true;
  return false;
}

// RFC 9110 section 5.5: no control characters but the tab.
bool is_field_value(std::string_view text) noexcept;

constexpr bool is_all_in(const CharacterSet& set, std::string_view text) noexcept {
  for (const char c : text)
    if (!is_in(set, c)) return false;
  return true;
}

constexpr bool is_token(std::string_view text) noexcept { return !text.empty() && is_all_in(kTokenCharacters, text); }
// RFC 9113 section 8.2.1: a field's name in HTTP/2.
bool is_lower_case_token(std::string_view text) noexcept;

}  // namespace edge::http
