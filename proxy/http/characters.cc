#include "http/characters.h"

#include <algorithm>
#include <cstring>

namespace edge::http {
namespace {

// Fields are most of a request's bytes, so they are looked at eight at a time: the highest bit of a byte says that it
// is to be doubted. It may say so of others too, by a carry from one byte into the next; then each byte is looked at
// alone.
constexpr std::uint64_t each(std::uint8_t byte) { return 0x0101010101010101u * byte; }

// The last eight overlap those before; `text` has eight at least.
template <auto doubts_of>
bool has_doubts(std::string_view text) {
  const auto doubts_at = [](const char* at) {
    std::uint64_t bytes = 0;
    std::memcpy(&bytes, at, sizeof bytes);
    return doubts_of(bytes);
  };
  const char* const last = text.data() + text.size() - 8;
  std::uint64_t doubts = doubts_at(last);
  for (const char* at = text.data(); at < last; at += 8) doubts |= doubts_at(at);
  return (doubts & each(0x80)) != 0;
}

// Below a space, or delete.
constexpr std::uint64_t controls(std::uint64_t bytes) { return ((bytes - each(0x20)) | (bytes + each(1))) & ~bytes; }

// Neither '-' nor from '_' to 'z'.
constexpr std::uint64_t unusual_in_names(std::uint64_t bytes) {
  const std::uint64_t is_letter = (bytes + each(0x80 - '_')) & ~(bytes + each(0x7f - 'z'));
  const std::uint64_t is_no_dash = (bytes ^ each('-')) + each(0x7f);
  return (~is_letter & is_no_dash) | bytes;
}

constexpr CharacterSet make_field_name_characters() {
  CharacterSet set = kTokenCharacters;
  for (std::size_t c = 'A'; c <= 'Z'; ++c) set[c] = false;
  return set;
}
constexpr CharacterSet kFieldNameCharacters = make_field_name_characters();

}  // namespace

bool is_field_value(std::string_view text) noexcept {
  if (text.size() >= 8 && !has_doubts<controls>(text)) return true;
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

bool is_lower_case_token(std::string_view text) noexcept {
  if (text.size() >= 8 && !has_doubts<unusual_in_names>(text)) return true;
  return !text.empty() && is_all_in(kFieldNameCharacters, text);
}

}  // namespace edge::http
