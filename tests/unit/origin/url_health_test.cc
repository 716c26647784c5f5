#include "origin/url_health.h"

#include "support/catch.h"

using namespace edge::origin;

TEST_CASE("a URL is healthy until enough checks in a row have failed", "[origin][health]") {
  const HealthOptions options{.failures = 3};
  UrlHealth health;
  CHECK(health.is_healthy());
  for (const bool is_good : {false, false, true, false, false}) CHECK_FALSE(health.note(is_good, options));
  CHECK(health.is_healthy());
  CHECK(health.note(false, options));
  CHECK_FALSE(health.is_healthy());
  CHECK_FALSE(health.note(false, options));  // Which is known.
}

TEST_CASE("an unhealthy URL is healthy again after enough good checks in a row", "[origin][health]") {
  const HealthOptions options{.failures = 1, .successes = 2};
  UrlHealth health;
  CHECK(health.note(false, options));
  for (const bool is_good : {true, false, true}) CHECK_FALSE(health.note(is_good, options));
  CHECK(health.note(true, options));
  CHECK(health.is_healthy());
  CHECK(health.note(false, options));
}
