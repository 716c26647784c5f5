// Entity tags (RFC 9110 section 8.8.3).
#pragma once

#include <optional>
#include <string_view>

namespace edge::http {

struct EntityTag {
  std::string_view opaque;  // With its quotes; a view into what was parsed.
  bool is_weak = false;
};

// Exactly one entity-tag; nullopt for anything that is not.
std::optional<EntityTag> try_entity_tag(std::string_view text) noexcept;

// RFC 9110 section 8.8.3.2.
constexpr bool is_strong_match(const EntityTag& a, const EntityTag& b) noexcept {
  return !a.is_weak && !b.is_weak && a.opaque == b.opaque;
}
constexpr bool is_weak_match(const EntityTag& a, const EntityTag& b) noexcept { return a.opaque == b.opaque; }

// Whether an If-None-Match value ("*" or a list) names the stored entity tag, by weak comparison. "*" names anything.
// An origin's tag without quotes, which is no entity-tag, is matched by the very same text. Does not allocate.
bool is_listed(std::string_view stored_etag, std::string_view list) noexcept;

}  // namespace edge::http
