#include "app/scrape.h"

#include <cmath>

#include "support/catch.h"

using namespace edge::app;

namespace {

constexpr const char* kText =
    "# HELP requests_total Requests.\n"
    "# TYPE requests_total counter\n"
    "requests_total{outcome=\"hit\"} 10\n"
    "requests_total{outcome=\"miss\"} 2\n"
    "bytes 1.5e+06\n"
    "seconds_bucket{outcome=\"hit\",le=\"0.1\"} 4\n"
    "seconds_bucket{outcome=\"hit\",le=\"1\"} 8\n"
    "seconds_bucket{outcome=\"hit\",le=\"+Inf\"} 10\n"
    "seconds_bucket{outcome=\"miss\",le=\"0.1\"} 0\n"
    "seconds_bucket{outcome=\"miss\",le=\"1\"} 2\n"
    "seconds_bucket{outcome=\"miss\",le=\"+Inf\"} 2\n"
    "seconds_sum{outcome=\"hit\"} 3\n";

}  // namespace

TEST_CASE("a scrape is asked by name and label", "[app][scrape]") {
  const Scrape scrape(kText);
  CHECK(scrape.sum("requests_total") == 12);
  CHECK(scrape.sum("requests_total", "outcome=\"hit\"") == 10);
  CHECK(scrape.sum("requests_total", "outcome=\"pass\"") == 0);
  CHECK(scrape.sum("bytes") == 1.5e6);
  CHECK(scrape.sum("nothing") == 0);
}

TEST_CASE("a scrape may be moved", "[app][scrape]") {
  Scrape scrape("a 1\n");
  const Scrape moved = std::move(scrape);
  CHECK(moved.sum("a") == 1);
}

TEST_CASE("the buckets of all labels are one histogram", "[app][scrape]") {
  const auto buckets = Scrape(kText).buckets("seconds");
  REQUIRE(buckets.size() == 3);
  CHECK((buckets[0].bound == 0.1 && buckets[0].count == 4));
  CHECK((buckets[1].bound == 1 && buckets[1].count == 10));
  CHECK((std::isinf(buckets[2].bound) && buckets[2].count == 12));
}

TEST_CASE("a quantile lies in its bucket, in proportion", "[app][scrape]") {
  const std::vector<Scrape::Bucket> buckets{{0.1, 4}, {1.1, 8}, {INFINITY, 10}};
  CHECK(std::abs(quantile(buckets, 0.2) - 0.05) < 1e-9);
  CHECK(std::abs(quantile(buckets, 0.6) - 0.6) < 1e-9);
  CHECK(std::isinf(quantile(buckets, 0.99)));
  CHECK(quantile({}, 0.5) < 0);
  CHECK(quantile({{0.1, 0}, {INFINITY, 0}}, 0.5) < 0);
}

TEST_CASE("only what came between two looks counts", "[app][scrape]") {
  const std::vector<Scrape::Bucket> before{{1, 5}, {2, 5}, {INFINITY, 5}};
  const auto between = since(before, {{1, 5}, {2, 9}, {INFINITY, 9}});
  CHECK(between.back().count == 4);
  CHECK(quantile(between, 0.5) == 1.5);
  // A histogram that was not there before counts from nothing.
  CHECK(since({}, before).back().count == 5);
}
