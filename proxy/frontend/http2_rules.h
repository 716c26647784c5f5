// What RFC 9113 section 8 asks of each field of a request. Pure functions.
//
// nghttp2 would see to all of it, for a fifth of what a hit takes in the process; half of that is enough.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "http/field_name.h"

namespace edge::frontend {

enum class PseudoField : std::uint8_t { Method, Scheme, Authority, Path };

// Nothing: there is no such one in a request (RFC 9113 section 8.3.1).
std::optional<PseudoField> find_pseudo_field(std::string_view name) noexcept;
// RFC 9113 section 8.3.1, RFC 3986 section 3. Not empty, and without characters that could mean something to whoever
// reads it next.
bool is_pseudo_field_value(PseudoField field, std::string_view value) noexcept;

// RFC 9113 sections 8.2.1 and 8.2.2: a name in lower case, a value that no field can hide in, nothing that is about the
// connection. `id` is find_field_name(name). Pseudo-fields are none.
bool is_sound_field(http::FieldName id, std::string_view name, std::string_view value) noexcept;

// RFC 9218 section 4.
struct Http2Priority {
  std::uint8_t urgency = 3;  // 0 to 7.
  bool is_incremental = false;
};

// Of a Priority field's value, more than all parameters need by far; what is larger is taken for malformed, since a
// dictionary takes time with the square of its members.
constexpr std::size_t kPriorityBytesMax = 256;

// What the value of a Priority field, or of a PRIORITY_UPDATE frame, asks for; members that are unknown or out of range
// ask for nothing. Nothing where the whole value is malformed.
std::optional<Http2Priority> try_priority(std::string_view value);

}  // namespace edge::frontend
