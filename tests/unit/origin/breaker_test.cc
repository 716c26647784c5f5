#include "origin/breaker.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::origin;
using namespace std::chrono_literals;

namespace {

using State = Breaker::State;

// A breaker and a clock.
struct Fuse {
  explicit Fuse(const BreakerOptions& options = {}) : breaker(options, 1, metrics) {}

  Breaker::Ticket admitted() {
    const auto ticket = breaker.try_admit(now);
    REQUIRE(ticket);
    return *ticket;
  }
  void answered() { breaker.note_answer(admitted(), now); }
  void failed() { breaker.note_failure(admitted(), now, false); }
  bool refuses() { return !breaker.try_admit(now); }
  // Fails as often as it takes.
  void open() {
    while (breaker.state() == State::Closed) failed();
  }
  std::uint64_t gauge(State state) { return metrics.origin_breakers[state].value(); }

  metrics::WorkerMetrics metrics;
  Breaker breaker;
  Instant now{100s};
};

}  // namespace

TEST_CASE("a breaker opens when enough fetches were made and a share of them failed", "[origin][breaker]") {
  Fuse fuse({.failed_percent = 50, .fetches_min = 10});
  for (int i = 0; i < 5; ++i) fuse.answered();
  for (int i = 0; i < 4; ++i) fuse.failed();
  CHECK(fuse.breaker.state() == State::Closed);
  fuse.failed();
  CHECK(fuse.breaker.state() == State::Open);
  CHECK(fuse.refuses());
  CHECK(fuse.gauge(State::Open) == 1);
  CHECK(fuse.gauge(State::Closed) == 0);
  CHECK(fuse.metrics.origin_breaker_transitions[State::Open].value() == 1);
}

TEST_CASE("a breaker does not open for few fetches, for a small share, or for failures that are long over",
          "[origin][breaker]") {
  Fuse few({.fetches_min = 20});
  for (int i = 0; i < 19; ++i) few.failed();
  CHECK(few.breaker.state() == State::Closed);
  Fuse small({.failed_percent = 50});
  for (int i = 0; i < 1000; ++i) {
    small.answered();
    small.answered();
    small.failed();
  }
  CHECK(small.breaker.state() == State::Closed);
  few.now += 10s;
  few.failed();
  CHECK(few.breaker.state() == State::Closed);
}

TEST_CASE("an answer that breaks after its head is one fetch that failed", "[origin][breaker]") {
  Fuse fuse({.failed_percent = 100, .fetches_min = 10});
  for (int i = 0; i < 10; ++i) {
    CHECK(fuse.breaker.state() == State::Closed);
    const auto ticket = fuse.admitted();
    fuse.breaker.note_answer(ticket, fuse.now);
    fuse.breaker.note_failure(ticket, fuse.now, true);
  }
  CHECK(fuse.breaker.state() == State::Open);
}

TEST_CASE("an open breaker lets one fetch through after its wait, and says when", "[origin][breaker]") {
  Fuse fuse;
  fuse.open();
  const auto wait = fuse.breaker.wait(fuse.now);
  CHECK((wait >= 375ms && wait <= 500ms));
  fuse.now += wait - 1ms;
  CHECK(fuse.refuses());
  fuse.now += 1ms;
  CHECK(fuse.breaker.wait(fuse.now) == 0ms);
  fuse.admitted();
  CHECK(fuse.breaker.state() == State::HalfOpen);
  CHECK(fuse.refuses());
}

TEST_CASE("answers to probes close a breaker", "[origin][breaker]") {
  Fuse fuse({.probes = 3});
  fuse.open();
  fuse.now += 500ms;
  fuse.answered();
  CHECK(fuse.breaker.state() == State::HalfOpen);
  const auto second = fuse.admitted(), third = fuse.admitted();
  CHECK(fuse.refuses());
  fuse.breaker.note_answer(second, fuse.now);
  fuse.breaker.note_answer(third, fuse.now);
  CHECK(fuse.breaker.state() == State::Closed);
  CHECK(fuse.gauge(State::Closed) == 1);
  // And what was before is forgotten.
  for (int i = 0; i < 19; ++i) fuse.failed();
  CHECK(fuse.breaker.state() == State::Closed);
}

TEST_CASE("a probe that fails opens the breaker again, for longer, up to a maximum", "[origin][breaker]") {
  Fuse fuse({.open = 400ms, .open_max = 1s});
  fuse.open();
  for (const auto longest : {400ms, 800ms, 1000ms, 1000ms}) {
    const auto wait = fuse.breaker.wait(fuse.now);
    CHECK((wait <= longest && wait >= longest * 3 / 4));
    fuse.now += wait;
    fuse.failed();
    CHECK(fuse.breaker.state() == State::Open);
    CHECK(fuse.refuses());
  }
}

TEST_CASE("a probe that nobody answers does not keep the next from being sent", "[origin][breaker]") {
  Fuse fuse({.open = 500ms, .open_max = 1s, .probes = 1});
  fuse.open();
  fuse.now += 500ms;
  const auto silent = fuse.admitted();
  fuse.now += 1s;
  const auto second = fuse.admitted();
  // Its failure is old news.
  fuse.breaker.note_failure(silent, fuse.now, false);
  CHECK(fuse.breaker.state() == State::HalfOpen);
  SECTION("the next one's answer counts") { fuse.breaker.note_answer(second, fuse.now); }
  SECTION("and so does its own, however late") {
    fuse.breaker.note_failure(second, fuse.now, false);
    CHECK(fuse.breaker.state() == State::Open);
    fuse.breaker.note_answer(silent, fuse.now);
  }
  CHECK(fuse.breaker.state() == State::Closed);
}

TEST_CASE("what was begun before the breaker changed its mind says nothing", "[origin][breaker]") {
  Fuse fuse({.fetches_min = 2, .probes = 1});
  const auto early = fuse.admitted();
  fuse.open();
  fuse.breaker.note_answer(early, fuse.now);
  CHECK(fuse.breaker.state() == State::Open);
  fuse.now += 500ms;
  fuse.answered();
  CHECK(fuse.breaker.state() == State::Closed);
  for (int i = 0; i < 10; ++i) fuse.breaker.note_failure(early, fuse.now, false);
  CHECK(fuse.breaker.state() == State::Closed);
}

TEST_CASE("a probe that comes to nothing makes room for another", "[origin][breaker]") {
  Fuse fuse;
  fuse.open();
  fuse.now += 500ms;
  const auto probe = fuse.admitted();
  CHECK(fuse.refuses());
  fuse.breaker.withdraw(probe);
  CHECK_FALSE(fuse.refuses());
}

TEST_CASE("a breaker that nobody asks is half-open after its wait, and closed when all is too old",
          "[origin][breaker]") {
  Fuse fuse({.window = 10s});
  fuse.open();
  fuse.now = fuse.breaker.next_tick();
  fuse.breaker.tick(fuse.now);
  CHECK(fuse.breaker.state() == State::HalfOpen);
  fuse.now += 9s;
  fuse.breaker.tick(fuse.now);
  CHECK(fuse.breaker.state() == State::HalfOpen);
  fuse.now = fuse.breaker.next_tick();
  fuse.breaker.tick(fuse.now);
  CHECK(fuse.breaker.state() == State::Closed);
  CHECK(fuse.breaker.next_tick() == Instant::max());
}

TEST_CASE("a breaker that is switched off lets everything through", "[origin][breaker]") {
  Fuse fuse({.failed_percent = 0});
  for (int i = 0; i < 1000; ++i) fuse.failed();
  CHECK(fuse.breaker.state() == State::Closed);
  CHECK(fuse.gauge(State::Closed) == 0);
  fuse.breaker.reload({});
  CHECK(fuse.gauge(State::Closed) == 1);
  fuse.open();
  fuse.breaker.reload({.failed_percent = 0});
  CHECK_FALSE(fuse.refuses());
  for (const auto state : {State::Closed, State::HalfOpen, State::Open}) CHECK(fuse.gauge(state) == 0);
}
