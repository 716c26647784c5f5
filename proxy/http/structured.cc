#include "http/structured.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"

namespace edge::http {
namespace {

// RFC 8941 section 3.3.4: begins with a letter or '*'; ':' and '/' may follow.
bool is_sf_token(std::string_view text) noexcept {
  if (text.empty()) return false;
  const char first = ascii_lower(text.front());
  if (first != '*' && (first < 'a' || first > 'z')) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_in(kTokenCharacters, c) || c == ':' || c == '/'; });
}

}  // namespace

void append_sf_string(std::string& to, std::string_view text) {
  to += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') to += '\\';
    to += is_control(c) || static_cast<unsigned char>(c) >= 0x80 ? ' ' : c;
  }
  to += '"';
}

void append_sf_token_or_string(std::string& to, std::string_view text) {
  if (is_sf_token(text)) {
    to += text;
  } else {
    append_sf_string(to, text);
  }
}

}  // namespace edge::http
