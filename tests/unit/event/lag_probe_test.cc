#include "event/lag_probe.h"

#include <vector>

#include "support/catch.h"

using namespace edge;
using namespace edge::event;
using namespace std::chrono_literals;

namespace {

// Four probes of a loop each of whose turns takes that long.
std::vector<std::chrono::nanoseconds> lags(std::chrono::milliseconds turn) {
  FakeClock clock;
  EventLoop loop(clock);
  std::vector<std::chrono::nanoseconds> seen;
  LagProbe probe(loop, 0ms, [&](std::chrono::nanoseconds lag) {
    seen.push_back(lag);
    if (seen.size() == 4) loop.stop();
  });
  UniqueFunction<void()> work;
  work = [&] {
    clock.advance(turn);
    if (seen.size() < 4) loop.post([&] { work(); });
  };
  work();
  loop.run();
  return seen;
}

}  // namespace

TEST_CASE("a loop that has nothing to do is not late", "[event]") { CHECK(lags(0ms) == std::vector(4, 0ns)); }

TEST_CASE("a loop is late by as long as its turns take", "[event]") {
  CHECK(lags(300ms) == std::vector<std::chrono::nanoseconds>(4, 300ms));
}

TEST_CASE("a probe goes while it is on its way, and with it what it would have said", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  int heard = 0;
  auto probe = std::make_unique<LagProbe>(loop, 0ms, [&](std::chrono::nanoseconds) { ++heard; });
  Timer after_it_set_out(loop, [&] {
    probe.reset();
    loop.stop();
  });
  after_it_set_out.arm(0ms);
  loop.run();
  CHECK(heard == 0);
}
