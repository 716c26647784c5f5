#include "origin/failed_targets.h"

#include <memory>

#include "support/catch.h"

using namespace edge;
using namespace edge::origin;
using namespace std::chrono_literals;

TEST_CASE("that a target has failed is news once within a window", "[origin][breaker]") {
  FailedTargets targets;
  Instant now{100s};
  CHECK(targets.note(1, now, 10s));
  now += 5s;
  CHECK_FALSE(targets.note(1, now, 10s));
  CHECK(targets.note(2, now, 10s));
  // Counted from when it was news.
  now += 5s;
  CHECK(targets.note(1, now, 10s));
  CHECK_FALSE(targets.note(1, now, 10s));
  CHECK_FALSE(targets.note(2, now, 10s));
  CHECK(targets.note(0, now, 10s));
  CHECK_FALSE(targets.note(0, now, 10s));
}

TEST_CASE("where there is no more room the oldest is forgotten", "[origin][breaker]") {
  FailedTargets targets;
  Instant now{100s};
  // All of one set.
  for (std::uint64_t i = 0; i <= FailedTargets::kSetSize; ++i, now += 1ms)
    CHECK(targets.note(7 + i * FailedTargets::kSets, now, 10s));
  CHECK_FALSE(targets.note(7 + FailedTargets::kSetSize * FailedTargets::kSets, now, 10s));
  CHECK_FALSE(targets.note(7 + FailedTargets::kSets, now, 10s));
  CHECK(targets.note(7, now, 10s));
  CHECK(targets.note(8, now, 10s));
}
