#include "verify/sampler.h"

#include "support/catch.h"

using namespace edge;
using namespace std::chrono_literals;
using verify::Pace;
using verify::Sampler;

namespace {

constexpr Instant kStart{1h};

}  // namespace

TEST_CASE("a pace lets no more go than its rate and its burst", "[verify]") {
  Pace pace(10, 2);
  int gone = 0;
  for (auto t = 0ms; t < 10'000ms; t += 1ms) gone += pace.try_take(kStart + t);
  CHECK(gone <= 102);
  CHECK(gone >= 100);
}

TEST_CASE("a pace says how long to wait, and that is long enough", "[verify]") {
  Pace pace(7, 1);
  Instant now = kStart;
  CHECK(pace.wait(now) == 0ms);
  REQUIRE(pace.try_take(now));
  for (int i = 0; i < 20; ++i) {
    CHECK_FALSE(pace.try_take(now));
    now += pace.wait(now);
    CHECK(pace.try_take(now));
  }
}

TEST_CASE("few changes are all checked", "[verify]") {
  Sampler sampler(10, 1);
  for (auto t = 0s; t < 100s; t += 1s) CHECK(sampler.choose(3, kStart + t) == std::vector<std::size_t>{0, 1, 2});
}

TEST_CASE("of many, no more than the rate allows and not many fewer", "[verify]") {
  Sampler sampler(10, 2);
  std::size_t chosen = 0;
  for (auto t = 0ms; t < 100'000ms; t += 10ms) chosen += sampler.choose(5, kStart + t).size();
  CHECK(chosen <= 1'010);
  CHECK(chosen >= 700);
}

TEST_CASE("each change of a batch and of a stream has the same chance", "[verify]") {
  Sampler sampler(10, 3);
  std::vector<int> times(20);
  for (auto t = 0s; t < 2'000s; t += 1s)
    for (const std::size_t index : sampler.choose(times.size(), kStart + t)) ++times[index];
  const auto [least, most] = std::minmax_element(times.begin(), times.end());
  CHECK(*least > 700);
  CHECK(*most < 1'200);
}
