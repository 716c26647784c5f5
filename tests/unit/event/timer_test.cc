#include "event/timer.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::event;
using namespace std::chrono_literals;

TEST_CASE("a timer fires once, not before its time", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  int fired = 0;
  Timer timer(loop, [&] { ++fired; });
  Timer last(loop, [&] { loop.stop(); });
  CHECK_FALSE(timer.is_armed());
  const Instant start = clock.now();
  timer.arm(5ms);
  last.arm(20ms);
  CHECK(timer.is_armed());
  loop.run();
  CHECK(fired == 1);
  CHECK_FALSE(timer.is_armed());
  CHECK(clock.now() - start >= 10ms);  // Less a tick: the library reads the coarse clock.
}

TEST_CASE("timers fire in the order of their deadlines", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  std::vector<int> order;
  Timer late(loop, [&] {
    order.push_back(2);
    loop.stop();
  });
  Timer early(loop, [&] { order.push_back(1); });
  late.arm(10ms);
  early.arm(1ms);
  loop.run();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("a disarmed timer does not fire, not even when it is due", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  bool fired = false;
  Timer disarmed(loop, [&] { fired = true; });
  disarmed.arm(0ms);
  disarmed.disarm();
  disarmed.disarm();
  CHECK_FALSE(disarmed.is_armed());
  Timer last(loop, [&] { loop.stop(); });
  last.arm(1ms);
  loop.run();
  CHECK_FALSE(fired);
}

TEST_CASE("of two timers due in one turn, the first may disarm or free the other", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  int fired = 0;
  std::unique_ptr<Timer> a, b;
  a = std::make_unique<Timer>(loop, [&] { ++fired, b.reset(), loop.stop(); });
  b = std::make_unique<Timer>(loop, [&] { ++fired, a.reset(), loop.stop(); });
  a->arm(0ms);
  b->arm(0ms);
  loop.run();
  CHECK(fired == 1);
}

TEST_CASE("arming again forgets the earlier deadline", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  std::vector<int> order;
  Timer again(loop, [&] {
    order.push_back(2);
    loop.stop();
  });
  Timer middle(loop, [&] { order.push_back(1); });
  again.arm(1h);
  again.arm(0ms);
  again.arm(20ms);
  middle.arm(5ms);
  loop.run();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("a timer may arm itself again from its own callback", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  int fired = 0;
  Timer* self = nullptr;
  Timer timer(loop, [&] {
    if (++fired == 3) return loop.stop();
    self->arm(0ms);
    CHECK(self->is_armed());
  });
  self = &timer;
  timer.arm(0ms);
  loop.run();
  CHECK(fired == 3);
}

TEST_CASE("a deadline in the past is due at once", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  Timer timer(loop, [&] { loop.stop(); });
  timer.arm(-1500ms);
  loop.run();
  CHECK_FALSE(timer.is_armed());
}
