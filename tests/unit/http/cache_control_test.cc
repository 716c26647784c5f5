#include "http/cache_control.h"

#include "http/delta_seconds.h"
#include "support/catch.h"

using edge::http::CacheControl;
using edge::http::Fields;
using edge::http::parse_cache_control;
using namespace std::chrono_literals;

namespace {

CacheControl parse(std::string_view value) { return parse_cache_control(value); }

}  // namespace

TEST_CASE("directives are read in any case and order", "[http][rfc9111-5.2]") {
  const auto control = parse("Public, MAX-AGE=60 ,s-maxage=\"120\",, must-revalidate, proxy-revalidate, x=1");
  CHECK(control.is_public);
  CHECK(control.max_age == 60s);
  CHECK(control.s_maxage == 120s);
  CHECK(control.must_revalidate);
  CHECK(control.proxy_revalidate);
  CHECK_FALSE(control.no_store);
  CHECK_FALSE(control.no_cache);
  CHECK_FALSE(control.is_private);
  CHECK(parse("only-if-cached").only_if_cached);
}

TEST_CASE("a directive with fields counts for the whole response", "[http][rfc9111-5.2.2]") {
  const auto listed = parse("no-cache=\"Set-Cookie, x\", max-age=5, private=y");
  CHECK(listed.unshared == std::vector<std::string>{"set-cookie", "x", "y"});
  CHECK_FALSE(listed.no_cache);
  CHECK_FALSE(listed.is_private);
  CHECK(listed.max_age == 5s);
  CHECK(parse("private=\"x\", private").is_private);
  for (const auto* list :
       {"no-cache=\"\"", "no-cache=", "no-cache=\",\"", "no-cache=\"a b\"", "no-cache =x", "no-cache=\"x"})
    CHECK(parse(list).no_cache);
}

TEST_CASE("unknown directives and quoted text are no directives", "[http][rfc9111-5.2.3]") {
  const auto control = parse("x=\"no-store, \\\", private\", no-storex, xmax-age=5");
  CHECK_FALSE(control.no_store);
  CHECK_FALSE(control.is_private);
  CHECK_FALSE(control.max_age);
  CHECK_FALSE(parse("").max_age);
}

TEST_CASE("a lifetime that is no number is none", "[http][rfc9111-4.2.1]") {
  for (const auto* value : {"max-age", "max-age=", "max-age=-1", "max-age=1.5", "max-age=60a", "max-age='60'",
                            "max-age= 60", "max-age =60", "max-age=\"60", "max-age=\"\"", "max-age=0x10"})
    CHECK(parse(value).max_age == 0s);
}

TEST_CASE("the smallest of several lifetimes holds", "[http][rfc9111-4.2.1]") {
  CHECK(parse("max-age=60, max-age=30").max_age == 30s);
  CHECK(parse("max-age=30, max-age=60").max_age == 30s);
  CHECK(parse("max-age=30, max-age=x").max_age == 0s);
}

TEST_CASE("a lifetime is at most 2^31 seconds", "[http][rfc9111-1.2.2]") {
  CHECK(parse("max-age=2147483648").max_age == 2147483648s);
  CHECK(parse("max-age=2147483649").max_age == 2147483648s);
  CHECK(parse("max-age=99999999999999999999999999").max_age == 2147483648s);
  CHECK(parse("max-age=007").max_age == 7s);
}

TEST_CASE("a quote that never ends hides nothing", "[http]") {
  CHECK(parse("x=\"a, no-store").no_store);
  CHECK(parse("max-age=60, x=\"a, max-age=5, private").max_age == 5s);
}

TEST_CASE("all lines of the field count", "[http][rfc9110-5.2]") {
  Fields fields;
  CHECK_FALSE(parse_cache_control(fields).no_store);
  fields.add("Cache-Control", "max-age=5");
  CHECK(parse_cache_control(fields).max_age == 5s);
  fields.add("cache-control", "no-store");
  CHECK(parse_cache_control(fields).no_store);
  CHECK(parse_cache_control(fields).max_age == 5s);
}

TEST_CASE("what a request accepts is read, the stricter of two values counting", "[http][rfc9111-5.2.1]") {
  CHECK(parse("max-stale").max_stale == edge::http::kAnyStaleness);
  CHECK(parse("max-stale=7").max_stale == 7s);
  CHECK(parse("max-stale=7, max-stale").max_stale == 7s);
  CHECK(parse("max-stale=x").max_stale == 0s);
  CHECK(parse("min-fresh=7, min-fresh=9").min_fresh == 9s);
  CHECK(parse("min-fresh=x").min_fresh == edge::http::kDeltaSecondsMax);
  CHECK_FALSE(parse("max-age=7").max_stale);
}

TEST_CASE("what a response allows of itself when stale is read", "[http][rfc5861-3][rfc5861-4]") {
  CHECK(parse("stale-while-revalidate=7, stale-if-error=\"9\"").stale_while_revalidate == 7s);
  CHECK(parse("stale-while-revalidate=7, stale-if-error=\"9\"").stale_if_error == 9s);
  CHECK(parse("stale-while-revalidate=7, stale-while-revalidate=3").stale_while_revalidate == 3s);
  CHECK(parse("stale-if-error=soon").stale_if_error == 0s);
  CHECK(parse("must-understand").must_understand);
}
