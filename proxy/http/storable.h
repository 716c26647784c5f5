// Whether a shared cache may keep a response (RFC 9111 section 3), and why not.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/cache_control.h"
#include "http/freshness.h"
#include "http/message.h"

namespace edge::http {

// In the order in which they are judged; the first that applies is named.
enum class Storability : std::uint8_t {
  Storable,
  MethodNotGet,
  StatusNotFinal,
  StatusPartial,     // 206 or 304: no whole representation.
  NotUnderstood,     // must-understand, and a status whose rules we do not know (RFC 9111 section 5.2.2.3).
  ResponseNoStore,   // Section 5.2.2.5.
  Private,           // Section 5.2.2.7.
  Authorized,        // The request had credentials, and nothing allows sharing the answer (section 3.5).
  SetsCookie,        // The policy keeps none, and the origin does not say public or s-maxage.
  VariesByAnything,  // Vary: * matches no later request (section 4.1).
  NothingAllows,     // No lifetime, and not a status that may be kept without one.
  FreshForNoTime,    // May be kept, but could never be used: no lifetime and no validator.
};

// What becomes of a response that sets a cookie, of which RFC 9111 (section 7.3) leaves caches to be wary.
enum class SetCookiePolicy : std::uint8_t {
  Pass,   // Not stored, unless public or s-maxage, or the cookie is listed as private or no-cache.
  Strip,  // Stored without its cookies.
  Store,  // Stored with them.
};

// `request`: the fields with which the origin was asked. `control` and `lifetime`: of this response.
Storability judge_storability(Method method, const Fields& request, const ResponseHead& response,
                              const CacheControl& control, const FreshnessLifetime& lifetime, SetCookiePolicy cookies);

// A constant such as "set-cookie": the detail of Cache-Status, a token.
std::string_view to_text(Storability storability) noexcept;

}  // namespace edge::http
