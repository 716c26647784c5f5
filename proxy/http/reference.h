// What a reference in a response, such as that of Location, names at this site.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace edge::http {

// The path and query that `reference` (RFC 3986 section 4.1) names, resolved against `base`, the request's own path and
// query; not yet normalised (http/target.h). Its fragment is cut off. nullopt where it names another scheme than http
// and https, or an authority (host, perhaps a port) that is none of `authorities`; these are compared without regard to
// case and default ports.
std::optional<std::string> try_resolve_here(std::string_view reference, std::string_view base,
                                            std::span<const std::string_view> authorities);

}  // namespace edge::http
