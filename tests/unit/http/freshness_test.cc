#include "http/freshness.h"

#include "support/catch.h"

using namespace edge::http;
using namespace std::chrono_literals;
using edge::WallTime;

namespace {

// Sun, 06 Nov 1994 08:49:37 GMT.
constexpr WallTime kReceived{784111777s};
const FreshnessDefaults kDefaults{10s, 200ms};

ResponseHead head_of(std::uint16_t status, std::initializer_list<std::pair<const char*, const char*>> fields) {
  ResponseHead head;
  head.status = status;
  for (const auto& [name, value] : fields) head.fields.add(name, value);
  return head;
}

FreshnessLifetime lifetime_of(const ResponseHead& head) {
  return freshness_lifetime(head, parse_cache_control(head.fields), kDefaults, kReceived);
}

}  // namespace

TEST_CASE("s-maxage counts before max-age, and max-age before Expires", "[http][rfc9111-4.2.1]") {
  auto head = head_of(200, {{"date", "Sun, 06 Nov 1994 08:49:00 GMT"}, {"expires", "Sun, 06 Nov 1994 08:50:00 GMT"}});
  CHECK(lifetime_of(head).length == 60s);
  CHECK(lifetime_of(head).source == LifetimeSource::Expires);
  head.fields.add("cache-control", "max-age=5");
  CHECK(lifetime_of(head).length == 5s);
  CHECK(lifetime_of(head).source == LifetimeSource::MaxAge);
  head.fields.add("cache-control", "s-maxage=0");
  CHECK(lifetime_of(head).length == 0s);
  CHECK(lifetime_of(head).source == LifetimeSource::SMaxage);
  CHECK(lifetime_of(head).is_explicit());
}

TEST_CASE("no-cache leaves no time in which to use without asking", "[http][rfc9111-5.2.2.4]") {
  const auto lifetime = lifetime_of(head_of(200, {{"cache-control", "no-cache, max-age=60"}}));
  CHECK(lifetime.length == 0s);
  CHECK(lifetime.source == LifetimeSource::NoCache);
}

TEST_CASE("an Expires that is repeated, no date, or past is stale", "[http][rfc9111-5.3]") {
  CHECK(lifetime_of(head_of(200, {{"expires", "0"}})).length == 0s);
  CHECK(lifetime_of(head_of(200, {{"expires", "0"}})).source == LifetimeSource::Expires);
  CHECK(lifetime_of(head_of(200, {{"expires", "Sun, 06 Nov 1994 08:00:00 GMT"}})).length == 0s);
  CHECK(lifetime_of(
            head_of(200, {{"expires", "Sun, 06 Nov 1999 08:00:00 GMT"}, {"expires", "Sun, 06 Nov 1999 08:00:00 GMT"}}))
            .length == 0s);
}

TEST_CASE("without a Date, Expires counts from when the response came", "[http][rfc9110-6.6.1]") {
  CHECK(lifetime_of(head_of(200, {{"expires", "Sun, 06 Nov 1994 08:49:47 GMT"}})).length == 10s);
  CHECK(lifetime_of(head_of(200, {{"expires", "Sun, 06 Nov 1994 08:49:47 GMT"}, {"date", "x"}})).length == 10s);
}

TEST_CASE("defaults count only where the origin says nothing", "[http][rfc9111-4.2.2]") {
  CHECK(lifetime_of(head_of(200, {})).length == 10s);
  CHECK(lifetime_of(head_of(301, {})).length == 10s);
  CHECK(lifetime_of(head_of(404, {})).length == 200ms);
  CHECK(lifetime_of(head_of(410, {})).source == LifetimeSource::NegativeTtl);
  CHECK_FALSE(lifetime_of(head_of(200, {})).is_explicit());
  CHECK(lifetime_of(head_of(404, {{"cache-control", "max-age=60"}})).length == 60s);
  for (const std::uint16_t status : std::initializer_list<std::uint16_t>{302, 405, 500, 501, 503}) {
    CHECK(lifetime_of(head_of(status, {})).length == 0s);
    CHECK(lifetime_of(head_of(status, {})).source == LifetimeSource::None);
  }
}

TEST_CASE("the initial age is the larger of what Age and what Date say", "[http][rfc9111-4.2.3]") {
  CHECK(initial_age(head_of(200, {}), kReceived, 0ms) == 0s);
  CHECK(initial_age(head_of(200, {}), kReceived, 300ms) == 300ms);
  CHECK(initial_age(head_of(200, {{"age", "20"}}), kReceived, 300ms) == 20'300ms);
  const auto dated = head_of(200, {{"age", "20"}, {"date", "Sun, 06 Nov 1994 08:49:00 GMT"}});
  CHECK(initial_age(dated, kReceived, 300ms) == 37s);
  CHECK(initial_age(dated, kReceived, 18s) == 38s);
  CHECK(initial_age(head_of(200, {{"date", "Sun, 06 Nov 1994 09:49:00 GMT"}}), kReceived, -1s) == 0s);
}

TEST_CASE("the first Age counts, if it is a number", "[http][rfc9111-5.1]") {
  CHECK(initial_age(head_of(200, {{"age", "7, 9"}}), kReceived, 0ms) == 7s);
  CHECK(initial_age(head_of(200, {{"age", "7"}, {"age", "9"}}), kReceived, 0ms) == 7s);
  for (const auto* value : {"x", "-5", "7.0", "", "7 9"})
    CHECK(initial_age(head_of(200, {{"age", value}}), kReceived, 0ms) == 0s);
  CHECK(initial_age(head_of(200, {{"age", "99999999999999"}}), kReceived, 0ms) == 2147483648s);
}

TEST_CASE("a lifetime is guessed from Last-Modified, within its bound", "[http][rfc9111-4.2.2]") {
  const auto guess = [](std::uint16_t status, const char* modified, const char* control = "x",
                        FreshnessDefaults defaults = {}) {
    defaults.heuristic_max = 1h;
    const auto head = head_of(status, {{"last-modified", modified}, {"cache-control", control}});
    return freshness_lifetime(head, parse_cache_control(head.fields), defaults, kReceived);
  };
  CHECK(guess(200, "Sun, 06 Nov 1994 08:47:57 GMT").length == 10s);
  CHECK(guess(200, "Sun, 06 Nov 1994 08:47:57 GMT").source == LifetimeSource::Heuristic);
  CHECK(guess(200, "Sun, 06 Nov 1994 08:47:57 GMT").is_explicit() == false);
  CHECK(guess(200, "Sun, 06 Nov 1974 08:47:57 GMT").length == 1h);
  CHECK(guess(200, "Sun, 06 Nov 1994 09:00:00 GMT").length == 0s);
  CHECK(guess(200, "yesterday").length == 0s);
  CHECK(guess(501, "Sun, 06 Nov 1994 08:47:57 GMT").length == 10s);
  CHECK(guess(599, "Sun, 06 Nov 1994 08:47:57 GMT").length == 0s);
  CHECK(guess(599, "Sun, 06 Nov 1994 08:47:57 GMT", "public").length == 10s);
  CHECK(guess(200, "Sun, 06 Nov 1994 08:47:57 GMT", "x", {.default_ttl = 3s}).length == 3s);
  CHECK(guess(404, "Sun, 06 Nov 1994 08:47:57 GMT", "x", {.negative_ttl = 3s}).length == 3s);
}

TEST_CASE("Expires says nothing beside a field that is for us", "[http][rfc9213-2.2]") {
  const auto head = head_of(200, {{"expires", "Sun, 06 Nov 1999 08:00:00 GMT"}});
  CacheControl control;
  control.is_targeted = true;
  CHECK(freshness_lifetime(head, control, {}, kReceived).source == LifetimeSource::None);
}

TEST_CASE("a response may say for how long it is used when stale, or forbid it", "[http][rfc5861-3][rfc9111-4.2.4]") {
  const auto allowance = [](const char* control) {
    return stale_allowance(parse_cache_control(control), {.while_revalidate = 7s, .if_error = 9s});
  };
  CHECK(allowance("max-age=1").while_revalidate == 7s);
  CHECK(allowance("max-age=1").if_error == 9s);
  CHECK(allowance("max-age=1").by_request);
  CHECK(allowance("stale-while-revalidate=1, stale-if-error=0").while_revalidate == 1s);
  CHECK(allowance("stale-while-revalidate=1, stale-if-error=0").if_error == 0s);
  for (const auto* control : {"must-revalidate", "proxy-revalidate", "s-maxage=5", "no-cache"}) {
    const std::string all = std::string(control) + ", stale-while-revalidate=5, stale-if-error=5";
    CHECK(allowance(all.c_str()).while_revalidate == 0s);
    CHECK(allowance(all.c_str()).if_error == 0s);
    CHECK_FALSE(allowance(all.c_str()).by_request);
  }
}
