// What an attempt at one of the origin's URLs says of it. Pure.
#pragma once

#include <cstdint>

#include "http/proxy_error.h"

namespace edge::origin {

enum class Verdict : std::uint8_t {
  Unreachable,  // No connection could be made, so the origin has not seen the request.
  Failed,       // No answer, or a late, broken or incomplete one.
  BadStatus,    // An answer that says that the origin is in trouble, or that this picture of it is.
  Answered,     // The head of a good answer has come.
  Complete,     // And all that follows it.
  Nothing,      // It ended for a reason that is not the origin's.
};

// A gateway's 502, 503 and 504 say that nobody behind it could answer. A 500 is often one picture's own fault, and so
// it counts only where `any_5xx` says that all of 5xx do.
constexpr Verdict judge_status(std::uint16_t status, bool any_5xx) {
  const bool is_gateway_error = status >= 502 && status <= 504;
  return is_gateway_error || (any_5xx && status >= 500) ? Verdict::BadStatus : Verdict::Answered;
}

Verdict judge_error(http::ProxyError error);

}  // namespace edge::origin
