// Walking a comma-separated list (RFC 9110 section 5.6.1) without copying it.
#pragma once

#include <string_view>

#include "base/text.h"

namespace edge::http {

// Calls visit(element) for each element, trimmed, empty ones left out, commas inside quoted strings respected.
template <class Visit>
void for_each_element(std::string_view list, Visit visit) {
  std::size_t start = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size()) {
      const char c = list[i];
      if (quoted && c == '\\' && i + 1 < list.size()) {
        ++i;
        continue;
      }
      if (c == '"') quoted = !quoted;
      if (c != ',' || quoted) continue;
    }
    const auto element = trim(list.substr(start, i - start));
    if (!element.empty()) visit(element);
    start = i + 1;
  }
}

}  // namespace edge::http
