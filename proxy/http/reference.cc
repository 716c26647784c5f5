#include "http/reference.h"

#include <algorithm>

#include "base/text.h"

namespace edge::http {
namespace {

std::string_view without_default_port(std::string_view authority) {
  for (const std::string_view port : {std::string_view{":80"}, std::string_view{":443"}})
    if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

bool is_here(std::string_view authority, std::span<const std::string_view> authorities) {
  return std::any_of(authorities.begin(), authorities.end(), [authority](std::string_view ours) {
    return equals_ignoring_case(without_default_port(authority), without_default_port(ours));
  });
}

// RFC 3986 section 3.1: what stands before a colon that no other delimiter precedes; empty for a relative reference.
std::string_view scheme_of(std::string_view reference) {
  const std::size_t end = reference.find_first_of(":/?#");
  return end == std::string_view::npos || reference[end] != ':' ? std::string_view{} : reference.substr(0, end);
}

}  // namespace

// RFC 3986 section 5.2.2, as far as http needs it.
std::optional<std::string> try_resolve_here(std::string_view reference, std::string_view base,
                                            std::span<const std::string_view> authorities) {
  reference = reference.substr(0, reference.find('#'));
  if (const std::string_view scheme = scheme_of(reference); !scheme.empty()) {
    if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) return std::nullopt;
    reference.remove_prefix(scheme.size() + 1);
    if (!reference.starts_with("//")) return std::nullopt;
  }
  if (reference.starts_with("//")) {
    reference.remove_prefix(2);
    const std::size_t end = std::min(reference.find_first_of("/?"), reference.size());
    if (!is_here(reference.substr(0, end), authorities)) return std::nullopt;
    reference.remove_prefix(end);
    return reference.starts_with('/') ? std::string(reference) : "/" + std::string(reference);
  }
  if (reference.starts_with('/')) return std::string(reference);
  const std::string_view path = base.substr(0, base.find('?'));
  if (reference.empty()) return std::string(base);
  if (reference.starts_with('?')) return std::string(path) += reference;
  return std::string(path.substr(0, path.rfind('/') + 1)) += reference;
}

}  // namespace edge::http
