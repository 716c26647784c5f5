#include "http/cache_status.h"

#include <array>

#include "base/text.h"
#include "http/structured.h"

namespace edge::http {
namespace {

// In the order of the enum.
constexpr std::array<std::string_view, 9> kReasons{"",     "bypass",  "method", "uri-miss", "vary-miss",
                                                   "miss", "request", "stale",  "partial"};
static_assert(kReasons[static_cast<std::size_t>(ForwardReason::Partial)] == "partial");

void append_signed(std::string& to, std::int64_t value) {
  if (value < 0) to += '-';
  const auto magnitude = static_cast<std::uint64_t>(value);
  append_unsigned(to, value < 0 ? 0 - magnitude : magnitude);
}

}  // namespace

void append_cache_status(std::string& to, const CacheStatus& status) {
  to += kCacheName;
  if (status.is_hit) to += "; hit";
  if (status.forwarded != ForwardReason::None) {
    to += "; fwd=";
    to += kReasons[static_cast<std::size_t>(status.forwarded)];
  }
  if (status.forward_status) {
    to += "; fwd-status=";
    append_unsigned(to, *status.forward_status);
  }
  if (status.ttl) {
    to += "; ttl=";
    append_signed(to, status.ttl->count());
  }
  if (status.is_stored) to += "; stored";
  if (status.is_collapsed) to += "; collapsed";
  if (!status.detail.empty()) {
    to += "; detail=";
    append_sf_token_or_string(to, status.detail);
  }
}

}  // namespace edge::http
