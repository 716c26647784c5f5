#include "verify/plan.h"

#include "support/catch.h"

using namespace edge;
using namespace std::chrono_literals;
using verify::Plan;

namespace {

constexpr Instant kStart{1h};

}  // namespace

TEST_CASE("each change is due at each time-scale, counted from when it was heard of", "[verify]") {
  Plan plan({200ms, 1'000ms}, 100);
  CHECK_FALSE(plan.next());
  REQUIRE(plan.add(1, kStart));
  REQUIRE(plan.add(2, kStart + 500ms));
  CHECK(plan.next() == kStart + 200ms);
  CHECK(plan.take_due(kStart + 199ms).empty());

  const auto first = plan.take_due(kStart + 200ms);
  REQUIRE(first.size() == 1);
  CHECK((first[0].change == 1 && first[0].scale == 0 && first[0].at == kStart + 200ms));

  const auto rest = plan.take_due(kStart + 10s);
  REQUIRE(rest.size() == 3);
  CHECK((rest[0].change == 2 && rest[0].scale == 0));
  CHECK((rest[1].change == 1 && rest[1].scale == 1));
  CHECK((rest[2].change == 2 && rest[2].scale == 1));
  CHECK_FALSE(plan.next());
}

TEST_CASE("a change for which there is no room is not planned at all", "[verify]") {
  Plan plan({1s, 2s, 3s}, 7);
  CHECK(plan.add(1, kStart));
  CHECK(plan.add(2, kStart));
  CHECK_FALSE(plan.add(3, kStart));
  CHECK(plan.size() == 6);
  plan.take_due(kStart + 1s);
  CHECK(plan.add(3, kStart + 1s));
}
