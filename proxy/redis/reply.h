// What Redis answers (RESP2), as a value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace edge::redis {

struct Reply {
  enum class Kind : std::uint8_t { Nil, Integer, Text, Error, Array };

  Kind kind = Kind::Nil;
  std::int64_t integer = 0;
  std::string text{};  // Of Text (statuses too) and Error.
  std::vector<Reply> items{};

  bool is_nil() const noexcept { return kind == Kind::Nil; }
  bool is_text() const noexcept { return kind == Kind::Text; }
  bool is_error() const noexcept { return kind == Kind::Error; }
  bool is_array() const noexcept { return kind == Kind::Array; }
};

}  // namespace edge::redis
