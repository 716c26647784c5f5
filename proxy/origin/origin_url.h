// What a configured origin URL means for a request. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace edge::origin {

struct OriginUrl {
  std::string base;       // "https://host:port/": all that a connection is made from.
  std::string authority;  // "host:port", the port always written; for messages.
  std::string prefix;     // Goes before every target; has no slash at its end.

  bool operator==(const OriginUrl&) const = default;
};

// Scheme http or https, a host (IPv6 in brackets), perhaps a port, perhaps a path prefix; nothing else.
Result<OriginUrl> parse_origin_url(std::string_view url);

}  // namespace edge::origin
