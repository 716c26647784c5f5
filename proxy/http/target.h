// Request targets (RFC 9112 section 3.2), in the one spelling by which the rest of the program knows them.
//
// An update event reaches stored responses through the avatar that their path names. So one picture at the origin must
// not have two spellings here: paths are normalised (RFC 3986 section 6.2.2), and what origins read in different ways
// is refused. What is normalised is also what the origin is asked for.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace edge::http {

struct Target {
  std::string_view path;            // Begins with '/'; normalised. "*" for the asterisk-form.
  std::string_view query;           // Without its '?', byte for byte.
  std::string_view path_and_query;  // As it goes on the wire.
  bool is_asterisk = false;         // "*", which only OPTIONS may ask for; that is the caller's to check.
};

// Origin-form, absolute-form (its scheme and authority are cut off) or asterisk-form. In the path
//   - escapes of unreserved characters are decoded, other escapes get upper-case digits;
//   - visible characters that a path may not hold ("<>[]^`{|} and '"') are escaped;
//   - repeated slashes become one, then dot segments are removed.
// Malformed: an escape that is none; escaped slashes, backslashes and controls; raw backslashes, '#', controls, spaces
// and bytes beyond ASCII; a path that climbs above its root; an authority that is empty or holds what none may.
//
// The views point into `raw` where the path is normal already, else into `scratch`, which is overwritten; the common
// case is one pass and neither copies nor allocates.
Result<Target> parse_target(std::string_view raw, std::string& scratch);

}  // namespace edge::http
