#include "verify/estimate.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace edge::verify {
namespace {

constexpr double kDoubt = 0.05;

// The chance of at most `bad` in `checks`, each with the chance `p`, which lies above bad/checks: so its terms fall
// from the last one downwards, and the first few of them are the sum.
double chance_of_at_most(std::uint64_t bad, std::uint64_t checks, double p) {
  const auto k = static_cast<double>(bad), n = static_cast<double>(checks);
  const double last =
      std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(p) + (n - k) * std::log1p(-p);
  double term = std::exp(last), sum = term;
  for (double j = k; j > 0 && term > sum * 1e-12; --j) {
    term *= j / (n - j + 1) * (1 - p) / p;
    sum += term;
  }
  return sum;
}

}  // namespace

double share_bound(std::uint64_t bad, std::uint64_t checks) {
  EDGE_CHECK(bad <= checks);
  if (bad == checks) return 1;
  double low = static_cast<double>(bad) / static_cast<double>(checks), high = 1;
  // The chance falls as p grows; 60 halvings exhaust the digits of a double.
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (chance_of_at_most(bad, checks, middle) > kDoubt ? low : high) = middle;
  }
  return high;
}

}  // namespace edge::verify
