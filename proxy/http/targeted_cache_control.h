// Cache-Control said to CDNs alone (RFC 9213).
#pragma once

#include <span>
#include <string>

#include "http/cache_control.h"
#include "http/fields.h"

namespace edge::http {

// What a response says of its caching to us: the first of the fields named by `targets` (the target list of RFC 9213
// section 2.2, in lower case) that is there, is a well-formed structured dictionary and is not empty; where there is
// none, Cache-Control.
//
// A lifetime whose value is no integer is passed over (RFC 9213 section 2.1); a directive that restricts counts
// whatever its value, except ?0. Parameters mean nothing.
CacheControl response_cache_control(const Fields& response, std::span<const std::string> targets);

}  // namespace edge::http
