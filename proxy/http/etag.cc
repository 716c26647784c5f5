#include "http/etag.h"

#include <algorithm>

#include "base/text.h"

namespace edge::http {
namespace {

bool starts_weak(std::string_view text) noexcept { return text.substr(0, 2) == "W/"; }

// etagc: visible, not a quote, or beyond ASCII.
bool may_stand_in_tag(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte != '"' && byte != 0x7f;
}

// The next member of the list without its W/; takes it off the front. A backslash is no escape in an entity tag, so
// the walk over quoted strings does not serve here.
std::string_view take_member(std::string_view& list) noexcept {
  const std::size_t start = list.find_first_not_of(" \t,");
  list.remove_prefix(std::min(start, list.size()));
  if (starts_weak(list)) list.remove_prefix(2);
  std::size_t end = 0;
  if (!list.empty() && list.front() == '"') {
    const std::size_t quote = list.find('"', 1);
    end = quote == std::string_view::npos ? list.size() : quote + 1;
  } else {
    end = std::min(list.find(','), list.size());
  }
  const std::string_view member = trim(list.substr(0, end));
  list.remove_prefix(end);
  return member;
}

}  // namespace

std::optional<EntityTag> try_entity_tag(std::string_view text) noexcept {
  EntityTag tag{text, starts_weak(text)};
  if (tag.is_weak) tag.opaque.remove_prefix(2);
  if (tag.opaque.size() < 2 || tag.opaque.front() != '"' || tag.opaque.back() != '"') return std::nullopt;
  const std::string_view inside = tag.opaque.substr(1, tag.opaque.size() - 2);
  if (!std::all_of(inside.begin(), inside.end(), may_stand_in_tag)) return std::nullopt;
  return tag;
}

bool is_listed(std::string_view stored_etag, std::string_view list) noexcept {
  if (trim(list) == "*") return true;
  if (starts_weak(stored_etag)) stored_etag.remove_prefix(2);
  if (stored_etag.empty()) return false;
  while (!list.empty())
    if (take_member(list) == stored_etag) return true;
  return false;
}

}  // namespace edge::http
