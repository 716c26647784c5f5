#include "serving/stored_head.h"

#include "http/targeted_cache_control.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::serving;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

constexpr WallTime kReceived{784111777s};  // Sun, 06 Nov 1994 08:49:37 GMT.

constexpr std::string_view kDate = "date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

// A head as it is stored, told in a few words.
struct Stored {
  Stored(std::string_view lines, const ServingOptions& options = {}, std::string_view request = {}) {
    const http::ResponseHead response{.status = 200, .fields = http::parse_lines(lines)};
    const auto control = http::response_cache_control(response.fields, options.caching.targeted_fields);
    head.emplace(response, control, ResponseTimes{Instant{100s}, Instant{102s}, kReceived}, request, options);
    parts = head->parts("/avatars/42");
  }

  std::optional<StoredHead> head;
  cache::StoredResponseParts parts;
};

}  // namespace

TEST_CASE("a head is stored with what decides about its use", "[serving][rfc9111-3]") {
  const Stored stored(
      "cache-control: max-age=60, stale-if-error=5\r\netag: \"a\"\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
      "last-modified: Sun, 06 Nov 1994 08:00:00 GMT\r\nx-avatar-version: 7\r\n");
  CHECK(stored.parts.url == "/avatars/42");
  CHECK(stored.parts.etag == "\"a\"");
  CHECK(stored.parts.version == 7u);
  CHECK(stored.parts.last_modified == std::chrono::sys_seconds{784108800s});
  CHECK(stored.parts.stale.if_error == 5s);
  CHECK(stored.parts.lifetime_source == http::LifetimeSource::MaxAge);
}

TEST_CASE("it is as old as its Age and the time that it took to come", "[serving][rfc9111-4.2.3]") {
  const Stored stored("cache-control: max-age=60\r\nage: 10\r\ncontent-length: 4\r\n");
  CHECK(stored.parts.born_at == Instant{102s - 2s - 10s});
  CHECK(stored.parts.fresh_until == Instant{90s + 60s});
  CHECK(stored.parts.fields ==
        "cache-control: max-age=60\r\n"s + std::string(kDate));  // Both are said anew with each answer.
}

TEST_CASE("what is listed as private is set apart for the one who asked", "[serving][rfc9111-5.2.2.7]") {
  const Stored stored("x-who: me\r\ncache-control: max-age=60, private=\"X-Who\"\r\nx-all: us\r\n");
  CHECK(stored.parts.fields == "cache-control: max-age=60, private=\"X-Who\"\r\nx-all: us\r\n"s + std::string(kDate));
  CHECK(stored.head->unshared_lines() == "x-who: me\r\n");
}

TEST_CASE("cookies are kept, or set apart where they are stripped", "[serving][rfc9111-7.3]") {
  ServingOptions options;
  CHECK(Stored("set-cookie: a=b\r\n", options).parts.fields == "set-cookie: a=b\r\n"s + std::string(kDate));
  options.caching.set_cookie = http::SetCookiePolicy::Strip;
  const Stored stripped("set-cookie: a=b\r\nset-cookie: c=d\r\nx: y\r\n", options);
  CHECK(stripped.parts.fields == "x: y\r\n"s + std::string(kDate));
  CHECK(stripped.head->unshared_lines() == "set-cookie: a=b\r\nset-cookie: c=d\r\n");
}

TEST_CASE("what is said to us alone is kept and not sent", "[serving][rfc9213-2.2]") {
  const std::string_view lines = "cdn-cache-control: max-age=90\r\ncache-control: no-store\r\n";
  const Stored stored(lines);
  CHECK(stored.parts.fields == "cache-control: no-store\r\n"s + std::string(kDate));
  CHECK(stored.parts.withheld == "cdn-cache-control: max-age=90\r\n");
  CHECK(stored.parts.fresh_until - stored.parts.born_at == 90s);
  ServingOptions options;
  options.caching.forward_targeted = true;
  CHECK(Stored(lines, options).parts.fields == std::string(lines) + std::string(kDate));
}

TEST_CASE("Vary selects by what the origin was asked", "[serving][rfc9111-4.1]") {
  const Stored stored("vary: Accept, X-None\r\n", {}, "accept: Image/WebP,a/b\r\n");
  CHECK(stored.parts.selecting == "accept: a/b, image/webp\r\nx-none\r\n");
}

TEST_CASE("what came without a Date that is one gets that of its arrival", "[serving][rfc9110-6.6.1]") {
  CHECK(Stored("x: y\r\n").parts.fields == "x: y\r\n"s + std::string(kDate));
  CHECK(Stored("date: today\r\nx: y\r\n").parts.fields == "x: y\r\n"s + std::string(kDate));
  CHECK(Stored("date: Sun, 06 Nov 1994 08:00:00 UTC\r\n").parts.fields == std::string(kDate));
  const std::string dated = "date: Sun, 06 Nov 1994 08:00:00 GMT\r\n";
  CHECK(Stored(dated).parts.fields == dated);
}

TEST_CASE("a version that is no unsigned integer is none", "[serving]") {
  for (const char* lines : {"x-avatar-version: -1\r\n", "x-avatar-version: v7\r\n",
                            "x-avatar-version: 7\r\nx-avatar-version: 8\r\n", "x: y\r\n"})
    CHECK_FALSE(Stored(lines).parts.version);
}
