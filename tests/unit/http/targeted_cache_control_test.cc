#include "http/targeted_cache_control.h"

#include "http/delta_seconds.h"
#include "support/catch.h"

using namespace edge::http;
using namespace std::chrono_literals;

namespace {

CacheControl read(const char* cdn, const char* all = "max-age=1") {
  const std::vector<std::string> targets{"my-cache-control", "cdn-cache-control"};
  Fields response;
  response.add("Cache-Control", all);
  response.add("CDN-Cache-Control", cdn);
  return response_cache_control(response, targets);
}

}  // namespace

TEST_CASE("what is said to us counts alone", "[http][rfc9213-2.2]") {
  const CacheControl control = read("max-age=60, must-revalidate", "no-store, private");
  CHECK(control.is_targeted);
  CHECK(control.max_age == 60s);
  CHECK(control.must_revalidate);
  CHECK_FALSE(control.no_store);
  CHECK_FALSE(control.is_private);
}

TEST_CASE("the first target that speaks counts", "[http][rfc9213-2.2]") {
  const std::vector<std::string> targets{"my-cache-control", "cdn-cache-control"};
  Fields response;
  response.add("cdn-cache-control", "max-age=1");
  response.add("my-cache-control", "max-age=2");
  CHECK(response_cache_control(response, targets).max_age == 2s);
  CHECK_FALSE(response_cache_control(response, {}).is_targeted);
}

TEST_CASE("a field that is empty or malformed is as if it were not there", "[http][rfc9213-2.1]") {
  for (const auto* value : {"", " ", "max-age=60, &&&", "max-age=60,", "max-age", "Max-Age=60", "max-age=60 no-store",
                            "max-age=1234567890123456", "max-age=\"60", "a=(1 2", "a=:&:", "a=?2", "a=1.", "a;B=1"}) {
    INFO(value);
    const bool is_good = std::string_view(value) == "max-age";  // A dictionary, whose max-age is true.
    CHECK(read(value).is_targeted == is_good);
    CHECK(read(value).max_age == (is_good ? std::nullopt : std::optional{1s}));
  }
}

TEST_CASE("a value of another type than the directive's is not taken", "[http][rfc9213-2.1]") {
  for (const auto* value : {"max-age=\"60\"", "max-age=6.5", "max-age=token", "max-age=?0", "max-age=(60)"}) {
    INFO(value);
    CHECK(read(value).is_targeted);
    CHECK_FALSE(read(value).max_age);
  }
  CHECK(read("no-store=1").no_store);
  CHECK_FALSE(read("no-store=?0").no_store);
}

TEST_CASE("integers are read in their range, the last of a repeated key counting", "[http][rfc8941-4.2]") {
  CHECK(read("max-age=99999999999").max_age == kDeltaSecondsMax);
  CHECK(read("max-age=-5").max_age == 0s);
  CHECK(read("max-age=5, max-age=7").max_age == 7s);
  CHECK(read("max-age=7;x=\"y\";z, foo=(a b);q=1.5, bar=:YWJj:, *baz=*x/y:z").max_age == 7s);
}

TEST_CASE("lists of fields are strings", "[http][rfc9213-2.1]") {
  CHECK(read("private=\"X-Who\", max-age=7").unshared == std::vector<std::string>{"x-who"});
  CHECK(read("private, max-age=7").is_private);
}
