#include "http/cache_status.h"

#include "support/catch.h"

using namespace edge::http;
using namespace std::chrono_literals;

namespace {

std::string text_of(const CacheStatus& status) {
  std::string text;
  append_cache_status(text, status);
  return text;
}

}  // namespace

TEST_CASE("Cache-Status says what the cache did", "[http][rfc9211-2]") {
  CHECK(text_of({}) == "avatar-edge");
  CHECK(text_of({.is_hit = true, .ttl = 17s}) == "avatar-edge; hit; ttl=17");
  CHECK(text_of({.is_hit = true, .ttl = -412s}) == "avatar-edge; hit; ttl=-412");
  CHECK(text_of({.forwarded = ForwardReason::UriMiss,
                 .forward_status = std::uint16_t{200},
                 .is_stored = true,
                 .is_collapsed = true,
                 .detail = "no-store"}) ==
        "avatar-edge; fwd=uri-miss; fwd-status=200; stored; collapsed; detail=no-store");
  CHECK(text_of({.forwarded = ForwardReason::Bypass}) == "avatar-edge; fwd=bypass");
  CHECK(text_of({.forwarded = ForwardReason::Stale}) == "avatar-edge; fwd=stale");
}

TEST_CASE("a detail that is no token is a string", "[http][rfc8941-3.3]") {
  CHECK(text_of({.detail = "say \"a\\b\"\r\n\xc3"}) == "avatar-edge; detail=\"say \\\"a\\\\b\\\"   \"");
  CHECK(text_of({.detail = "1st"}) == "avatar-edge; detail=\"1st\"");
}
