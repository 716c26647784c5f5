#include "http/hop_by_hop.h"

#include <algorithm>
#include <array>
#include <bitset>

#include "base/text.h"
#include "http/characters.h"
#include "http/list.h"

namespace edge::http {
namespace {

bool is_hop_by_hop(const Field& field) noexcept {
  switch (field.id) {
    case FieldName::Connection:
    case FieldName::KeepAlive:
    case FieldName::ProxyAuthenticate:
    case FieldName::ProxyAuthorization:
    case FieldName::ProxyConnection:
    case FieldName::Te:
    case FieldName::Trailer:
    case FieldName::TransferEncoding:
    case FieldName::Upgrade:
      return true;
    case FieldName::Other:
      return equals_ignoring_case(field.name, "http2-settings") ||
             equals_ignoring_case(field.name, "proxy-authentication-info");
    default:
      return false;
  }
}

// A client may not take away by Connection what decides about its request behind us, nor an origin what decides about
// its response.
bool is_protected(const Field& field) noexcept {
  static constexpr std::array<std::string_view, 3> kPrefixes{"content-", "accept", "x-forwarded-"};
  static constexpr std::array<std::string_view, 3> kNames{"x-real-ip", "origin", "referer"};
  if (field.id != FieldName::Other) return true;
  return std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](std::string_view prefix) {
                       return equals_ignoring_case(field.name.substr(0, prefix.size()), prefix);
                     }) ||
         std::any_of(kNames.begin(), kNames.end(),
                     [&](std::string_view name) { return equals_ignoring_case(field.name, name); });
}

bool is_named_by_connection(const Fields& fields, std::string_view name) {
  bool named = false;
  for (const Field& field : fields)
    if (field.id == FieldName::Connection)
      for_each_element(field.value,
                       [&](std::string_view option) { named = named || equals_ignoring_case(option, name); });
  return named;
}

void append_safe_line(std::string& lines, const Field& field) {
  const std::string_view value = trim(field.value);
  append_line(lines, field.name, value);
  if (!has_line_breaker(value)) return;
  const std::size_t end = lines.size() - 2;
  for (std::size_t i = end - value.size(); i < end; ++i)
    if (lines[i] == '\r' || lines[i] == '\n' || lines[i] == '\0') lines[i] = ' ';
}

}  // namespace

void append_end_to_end_lines(std::string& lines, const Fields& fields, std::initializer_list<FieldName> also_dropped) {
  std::bitset<static_cast<std::size_t>(FieldName::Count)> dropped;
  for (const FieldName name : also_dropped) dropped.set(static_cast<std::size_t>(name));
  const bool has_options = fields.has(FieldName::Connection);
  for (const Field& field : fields) {
    if (dropped.test(static_cast<std::size_t>(field.id)) || is_hop_by_hop(field) || !is_token(field.name)) continue;
    if (has_options && !is_protected(field) && is_named_by_connection(fields, field.name)) continue;
    append_safe_line(lines, field);
  }
}

}  // namespace edge::http
