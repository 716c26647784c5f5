// What INFO answers, and CONFIG GET.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "redis/reply.h"

namespace edge::redis {

// Of a line "NAME:VALUE" of INFO; empty when it is not there.
inline std::string_view info_value(const Reply& reply, std::string_view name) {
  std::string_view rest = reply.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':')
      return line.substr(name.size() + 1);
  }
  return {};
}

// The value of a CONFIG GET; nullopt where that is refused.
inline std::optional<std::string> config_value(const Reply& reply) {
  if (reply.items.size() != 2) return std::nullopt;
  return reply.items[1].text;
}

}  // namespace edge::redis
