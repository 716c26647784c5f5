#include "base/log_rate.h"

#include "support/catch.h"

using namespace edge;
using namespace std::chrono_literals;

namespace {

struct RateOfTwo {
  LogRate rate{2};
  Instant now{5s};
  bool admits(std::string_view kind) { return rate.admit(kind, now).admitted; }
};

}  // namespace

TEST_CASE_METHOD(RateOfTwo, "a kind is admitted so many times within a second of its first line", "[base][log]") {
  CHECK(admits("a"));
  now += 999ms;
  CHECK(admits("a"));
  CHECK_FALSE(admits("a"));
  now += 1ms;
  CHECK(admits("a"));
}

TEST_CASE_METHOD(RateOfTwo, "kinds do not affect each other", "[base][log]") {
  CHECK(admits("a"));
  CHECK(admits("a"));
  CHECK_FALSE(admits("a"));
  CHECK(admits("b"));
}

TEST_CASE_METHOD(RateOfTwo, "the next line that is admitted tells how many were left out, once", "[base][log]") {
  for (int i = 0; i < 5; ++i) static_cast<void>(admits("a"));
  now += 1h;
  CHECK(rate.admit("a", now).left_out_before == 3);
  CHECK(rate.admit("a", now).left_out_before == 0);
}

TEST_CASE_METHOD(RateOfTwo, "what was left out and not told yet can be taken, once", "[base][log]") {
  for (int i = 0; i < 5; ++i) static_cast<void>(admits("a"));
  CHECK(admits("b"));
  std::uint64_t taken = 0;
  for (int i = 0; i < 2; ++i)
    rate.take_left_out([&](std::string_view kind, std::uint64_t lines) {
      CHECK(kind == "a");
      taken += lines;
    });
  CHECK(taken == 3);
}

TEST_CASE_METHOD(RateOfTwo, "a rate of 0 is no limit", "[base][log]") {
  rate.set_per_second_max(0);
  for (int i = 0; i < 1'000; ++i) REQUIRE(admits("a"));
}
