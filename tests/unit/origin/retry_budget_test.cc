#include "origin/retry_budget.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::origin;
using namespace std::chrono_literals;

namespace {

int spend_all(RetryBudget& budget, Instant now) {
  int spent = 0;
  while (budget.try_spend(now)) ++spent;
  return spent;
}

}  // namespace

TEST_CASE("second attempts are a share of recent fetches, and a few in any case", "[origin][retry]") {
  RetryBudget budget({.percent = 20, .per_second_min = 3});
  Instant now{100s};
  CHECK(spend_all(budget, now) == 30);
  for (int i = 0; i < 1000; ++i) budget.note_fetch(now);
  CHECK(spend_all(budget, now) == 200);
  now += 10s;
  CHECK(spend_all(budget, now) == 30);
}

TEST_CASE("a budget of nothing allows none", "[origin][retry]") {
  RetryBudget budget({.percent = 0, .per_second_min = 0});
  for (int i = 0; i < 1000; ++i) budget.note_fetch(Instant{100s});
  CHECK_FALSE(budget.try_spend(Instant{100s}));
}

TEST_CASE("what is spent without being asked for leaves less", "[origin][retry]") {
  RetryBudget budget({.percent = 0, .per_second_min = 1});
  const Instant now{100s};
  for (int i = 0; i < 4; ++i) budget.spend(now);
  CHECK(spend_all(budget, now) == 6);
}

TEST_CASE("what was counted goes a window later, and not before nine tenths of it", "[origin]") {
  RollingCounts counts(10s);
  Instant now{100s};
  counts.add(now, {.all = 3, .some = 2});
  CHECK(counts.totals(now).all == 3);
  CHECK(counts.totals(now + 9s).some == 2);
  CHECK(counts.totals(now + 10s).all == 0);
  counts.add(now + 25s, {.all = 1});
  CHECK(counts.totals(now + 25s).all == 1);
  CHECK(counts.totals(now + 1000s).all == 0);
}
