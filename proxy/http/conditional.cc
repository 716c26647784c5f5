#include "http/conditional.h"

#include <algorithm>
#include <array>

#include "http/date.h"
#include "http/etag.h"
#include "http/hop_by_hop.h"

namespace edge::http {
namespace {

bool is_any_listed(std::string_view etag, const Fields& request) noexcept {
  for (const Field& field : request)
    if (field.id == FieldName::IfNoneMatch && is_listed(etag, field.value)) return true;
  return false;
}

bool is_modified_since(std::chrono::sys_seconds last_modified, const Fields& request) noexcept {
  const auto text = request.single(FieldName::IfModifiedSince);
  // Two-digit years are read near Last-Modified, which they repeat if they mean anything.
  const auto date = text ? try_http_date(*text, last_modified) : std::nullopt;
  return !date || last_modified > *date;
}

// `name`: in lower case.
bool describes_bytes(std::string_view name) noexcept {
  static constexpr std::array<std::string_view, 5> kNames{"content-length", "content-encoding", "content-range",
                                                          "content-md5", "content-digest"};
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end();
}

}  // namespace

Precondition evaluate_preconditions(Method method, const Fields& request, std::uint16_t status, std::string_view etag,
                                    std::optional<std::chrono::sys_seconds> last_modified) noexcept {
  const bool has_tags = request.has(FieldName::IfNoneMatch);
  if (!has_tags && !request.has(FieldName::IfModifiedSince)) return Precondition::Full;
  if (status != 200 || (method != Method::Get && method != Method::Head)) return Precondition::Full;
  if (has_tags) return is_any_listed(etag, request) ? Precondition::NotModified : Precondition::Full;
  if (!last_modified || is_modified_since(*last_modified, request)) return Precondition::Full;
  return Precondition::NotModified;
}

void append_revalidation_lines(std::string& lines, std::string_view etag, std::string_view last_modified) {
  if (!etag.empty()) append_line(lines, to_text(FieldName::IfNoneMatch), etag);
  if (!last_modified.empty()) append_line(lines, to_text(FieldName::IfModifiedSince), last_modified);
}

bool is_about_stored(const Fields& not_modified, std::string_view etag, std::string_view last_modified) noexcept {
  const std::string_view named = not_modified.value(FieldName::ETag);
  if (!named.empty() && !etag.empty()) return is_listed(etag, named);
  const std::string_view date = not_modified.value(FieldName::LastModified);
  return named.empty() && (date.empty() || last_modified.empty() || date == last_modified);
}

std::string merge_not_modified(std::string_view stored_lines, const Fields& not_modified) {
  std::string newer;
  append_end_to_end_lines(newer, not_modified);
  const Fields stored = parse_lines(stored_lines);
  Fields replacing;
  for (const Field& field : parse_lines(newer))
    if (!describes_bytes(field.name) && (field.id != FieldName::SetCookie || stored.has(FieldName::SetCookie)))
      replacing.add(field);
  const auto is_replaced = [&replacing](std::string_view name) {
    return std::any_of(replacing.begin(), replacing.end(), [name](const Field& field) { return field.name == name; });
  };
  std::string merged;
  merged.reserve(stored_lines.size() + newer.size());
  for (const Field& field : stored)
    if (!is_replaced(field.name)) append_line(merged, field.name, field.value);
  for (const Field& field : replacing) append_line(merged, field.name, field.value);
  return merged;
}

}  // namespace edge::http
