#include "verify/estimate.h"

#include <cmath>

#include "support/catch.h"

using edge::verify::share_bound;

namespace {

bool is_near(double value, double expected) { return std::abs(value - expected) < 1e-3 * expected; }

}  // namespace

TEST_CASE("without a violation the bound is just below three in the number of checks", "[verify]") {
  for (const std::uint64_t n : {100ull, 1'000ull, 1'000'000ull, 1'000'000'000ull}) {
    const double bound = share_bound(0, n);
    CHECK(bound < 3.0 / static_cast<double>(n));
    CHECK(bound > 2.9 / static_cast<double>(n));
  }
  CHECK(is_near(share_bound(0, 1), 0.95));
}

TEST_CASE("nothing checked says nothing", "[verify]") {
  CHECK(share_bound(0, 0) == 1);
  CHECK(share_bound(7, 7) == 1);
}

// One-sided 95 % bounds, from the quantiles of the beta distribution.
TEST_CASE("with violations the bound is the exact one", "[verify]") {
  CHECK(is_near(share_bound(1, 10), 0.39416));
  CHECK(is_near(share_bound(1, 100), 0.04656));
  CHECK(is_near(share_bound(5, 10), 0.77756));
  CHECK(is_near(share_bound(1, 2), 0.97468));
}

TEST_CASE("the bound lies above the share, close to it for many checks, and grows with the violations", "[verify]") {
  double last = 0;
  for (const std::uint64_t bad : {0ull, 1ull, 10ull, 500ull, 50'000ull, 500'000ull, 999'999ull}) {
    const double bound = share_bound(bad, 1'000'000);
    const double share = static_cast<double>(bad) / 1e6;
    CHECK(bound > share);
    CHECK(bound < share + 0.001);
    CHECK(bound > last);
    last = bound;
  }
}
