// RFC 9110 section 5.6.2.
#pragma once

#include <algorithm>
#include <string_view>

#include "base/text.h"

namespace edge::origin {

// What methods and field names are made of.
inline bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace edge::origin
