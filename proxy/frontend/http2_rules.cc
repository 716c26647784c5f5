#include "frontend/http2_rules.h"

#include <algorithm>

#include "base/text.h"
#include "http/characters.h"
#include "http/structured.h"

namespace edge::frontend {
namespace {

constexpr http::CharacterSet kAuthorityCharacters = http::make_set("-._~!$&'()*+,;=%:@[]");

constexpr http::CharacterSet make_path_characters() {
  http::CharacterSet set{};
  for (std::size_t c = 0x21; c < set.size(); ++c) set[c] = c != 0x7f;
  return set;
}
constexpr http::CharacterSet kPathCharacters = make_path_characters();

bool is_letter(char c) noexcept { return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z'; }

bool is_scheme(std::string_view text) noexcept {
  return is_letter(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || http::is_digit(c) || c == '+' || c == '-' || c == '.';
         });
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

}  // namespace

std::optional<PseudoField> find_pseudo_field(std::string_view name) noexcept {
  if (name == ":path") return PseudoField::Path;
  if (name == ":method") return PseudoField::Method;
  if (name == ":scheme") return PseudoField::Scheme;
  if (name == ":authority") return PseudoField::Authority;
  return std::nullopt;
}

bool is_pseudo_field_value(PseudoField field, std::string_view value) noexcept {
  if (value.empty()) return false;
  switch (field) {
    case PseudoField::Method:
      return http::is_token(value);
    case PseudoField::Scheme:
      return is_scheme(value);
    case PseudoField::Authority:
      return http::is_all_in(kAuthorityCharacters, value);
    case PseudoField::Path:
      return http::is_all_in(kPathCharacters, value);
  }
  return false;
}

bool is_sound_field(http::FieldName id, std::string_view name, std::string_view value) noexcept {
  using http::FieldName;
  if (!http::is_lower_case_token(name)) return false;
  if (!value.empty() && (is_space(value.front()) || is_space(value.back()) || !http::is_field_value(value)))
    return false;
  switch (id) {
    case FieldName::Connection:
    case FieldName::KeepAlive:
    case FieldName::ProxyConnection:
    case FieldName::TransferEncoding:
    case FieldName::Upgrade:
      return false;
    case FieldName::Te:
      return equals_ignoring_case(value, "trailers");
    case FieldName::Host:
      return is_pseudo_field_value(PseudoField::Authority, value);
    default:
      return true;
  }
}

std::optional<Http2Priority> try_priority(std::string_view value) {
  if (value.size() > kPriorityBytesMax) return std::nullopt;
  const auto members = http::try_sf_dictionary(value);
  if (!members) return std::nullopt;
  Http2Priority priority;
  for (const auto& [key, item] : *members) {
    if (key == "u" && item.type == http::SfType::Integer && item.integer >= 0 && item.integer <= 7)
      priority.urgency = static_cast<std::uint8_t>(item.integer);
    if (key == "i" && item.type == http::SfType::Boolean) priority.is_incremental = item.boolean;
  }
  return priority;
}

}  // namespace edge::frontend
