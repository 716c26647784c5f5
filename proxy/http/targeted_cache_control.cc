#include "http/targeted_cache_control.h"

#include <algorithm>

#include "http/delta_seconds.h"
#include "http/structured.h"

namespace edge::http {
namespace {

// The dictionary in the form of Cache-Control, whose reader decides what each directive means.
void append_directive(std::string& directives, const SfMember& member) {
  const SfItem& item = member.item;
  const bool is_lifetime = member.key == "max-age" || member.key == "s-maxage" ||
                           member.key == "stale-while-revalidate" || member.key == "stale-if-error";
  if (item.type == SfType::Boolean && !item.boolean) return;
  if (is_lifetime && item.type != SfType::Integer) return;
  if (!directives.empty()) directives += ", ";
  directives += member.key;
  if (is_lifetime)
    directives += "=" + std::to_string(std::clamp<std::int64_t>(item.integer, 0, kDeltaSecondsMax.count()));
  if (item.type == SfType::String) directives += "=\"" + item.text + "\"";
}

}  // namespace

CacheControl response_cache_control(const Fields& response, std::span<const std::string> targets) {
  for (const std::string& target : targets) {
    const std::string value = response.combined(target);
    if (value.empty()) continue;
    const auto dictionary = try_sf_dictionary(value);
    if (!dictionary || dictionary->empty()) continue;
    std::string directives;
    for (const SfMember& member : *dictionary) append_directive(directives, member);
    CacheControl control = parse_cache_control(directives);
    control.is_targeted = true;
    return control;
  }
  return parse_cache_control(response);
}

}  // namespace edge::http
