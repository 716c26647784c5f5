#include "event/event_loop.h"

#include <algorithm>
#include <thread>

#include "event/timer.h"
#include "support/catch.h"

using namespace edge;
using namespace edge::event;

namespace {

// A loop whose doings are written down.
struct TestLoop {
  SystemClock clock;
  EventLoop loop{clock};
  std::vector<std::string> notes;

  void note(std::string text) { notes.push_back(std::move(text)); }
};

using Notes = std::vector<std::string>;

// Notes its own end.
struct Mortal {
  TestLoop& test;
  std::string name;
  Mortal(TestLoop& t, std::string n) : test(t), name(std::move(n)) {}
  ~Mortal() { test.note(name + " is gone"); }
};

}  // namespace

TEST_CASE("what is posted runs in the order of the posts", "[event]") {
  TestLoop test;
  for (const char* name : {"a", "b", "c"}) test.loop.post([&test, name] { test.note(name); });
  test.loop.stop();
  test.loop.run();
  CHECK(test.notes == Notes{"a", "b", "c"});
}

TEST_CASE("what is posted by a posted task runs in a later turn, after what was deferred", "[event]") {
  TestLoop test;
  Deferred deferred(test.loop, [&] { test.note("deferred"); });
  test.loop.post([&] {
    test.loop.post([&] {
      test.note("posted");
      test.loop.stop();
    });
    deferred.schedule();
    test.note("first");
  });
  test.loop.run();
  CHECK(test.notes == Notes{"first", "deferred", "posted"});
}

TEST_CASE("what is posted while the dead of a turn are freed runs in the next", "[event]") {
  struct LastWords {
    TestLoop& test;
    ~LastWords() {
      test.loop.post([&t = test] {
        t.note("heard");
        t.loop.stop();
      });
    }
  };
  TestLoop test;
  test.loop.post([&] { test.loop.destroy_later(std::make_unique<LastWords>(test)); });
  test.loop.run();
  CHECK(test.notes == Notes{"heard"});
}

TEST_CASE("what is deferred runs when the callbacks of the turn are over", "[event]") {
  TestLoop test;
  Deferred deferred(test.loop, [&] { test.note("deferred"); });
  test.loop.post([&] {
    deferred.schedule();
    deferred.schedule();  // Once is enough.
    test.note("one");
  });
  test.loop.post([&] { test.note("two"); });
  test.loop.stop();
  test.loop.run();
  CHECK(test.notes == Notes{"one", "two", "deferred"});
}

TEST_CASE("what a deferred task defers runs too, without anything else to wake the loop", "[event]") {
  TestLoop test;
  Deferred two(test.loop, [&] {
    test.note("two");
    test.loop.stop();
  });
  Deferred one(test.loop, [&] {
    test.note("one");
    two.schedule();
  });
  test.loop.post([&] { one.schedule(); });
  test.loop.run();
  CHECK(test.notes == Notes{"one", "two"});
}

TEST_CASE("deferred work is forgotten when its object goes", "[event]") {
  TestLoop test;
  auto forgotten = std::make_unique<Deferred>(test.loop, [&] { test.note("forgotten"); });
  Deferred kept(test.loop, [&] { test.note("kept"); });
  test.loop.post([&] {
    forgotten->schedule();
    kept.schedule();
    forgotten.reset();
  });
  test.loop.stop();
  test.loop.run();
  CHECK(test.notes == Notes{"kept"});
}

TEST_CASE("what is handed to destroy_later goes when the turn is over, not before", "[event]") {
  TestLoop test;
  Deferred deferred(test.loop, [&] { test.note("deferred"); });
  test.loop.post([&] {
    test.loop.destroy_later(std::make_unique<Mortal>(test, "it"));
    deferred.schedule();
    test.note("after the call");
  });
  test.loop.post([&] { test.note("same turn"); });
  test.loop.stop();
  test.loop.run();
  CHECK(test.notes == Notes{"after the call", "same turn", "deferred", "it is gone"});
}

TEST_CASE("an object may free itself from its own timer", "[event]") {
  struct Fleeting {
    TestLoop& test;
    std::unique_ptr<Fleeting>& owner;
    Timer timer{test.loop, [this] { on_timer(); }};
    void on_timer() {
      test.loop.destroy_later(std::move(owner));
      test.note("still here");
    }
    Fleeting(TestLoop& t, std::unique_ptr<Fleeting>& o) : test(t), owner(o) {}
    ~Fleeting() {
      test.note("gone");
      test.loop.stop();
    }
  };
  TestLoop test;
  std::unique_ptr<Fleeting> owner;
  owner = std::make_unique<Fleeting>(test, owner);
  owner->timer.arm(std::chrono::milliseconds{0});
  test.loop.run();
  CHECK(test.notes == Notes{"still here", "gone"});
}

TEST_CASE("what dies may have others die after it", "[event]") {
  struct Parent {
    TestLoop& test;
    std::unique_ptr<Mortal> child;
    ~Parent() {
      test.loop.destroy_later(std::move(child));
      test.note("parent is gone");
    }
  };
  TestLoop test;
  test.loop.post([&] {
    test.loop.destroy_later(std::unique_ptr<Parent>(new Parent{test, std::make_unique<Mortal>(test, "child")}));
    test.loop.post([&] { test.loop.stop(); });
  });
  test.loop.run();
  CHECK(test.notes == Notes{"parent is gone", "child is gone"});
}

TEST_CASE("a stop ends the loop after the turn, and a loop may run again", "[event]") {
  TestLoop test;
  test.loop.stop();
  test.loop.post([&] { test.note("same turn"); });
  test.loop.run();
  CHECK(test.notes == Notes{"same turn"});
  test.loop.post([&] {
    test.note("again");
    test.loop.stop();
  });
  test.loop.run();
  CHECK(test.notes == Notes{"same turn", "again"});
}

TEST_CASE("what is posted when the loop has ended is destroyed, not run", "[event]") {
  TestLoop test;
  {
    SystemClock clock;
    EventLoop loop(clock);
    loop.stop();
    loop.run();
    loop.post([&test, mortal = std::make_unique<Mortal>(test, "task")] { test.note("ran"); });
    CHECK(test.notes.empty());
  }
  CHECK(test.notes == Notes{"task is gone"});
}

TEST_CASE("what is left at the end may hold timers, and leave more behind", "[event]") {
  TestLoop test;
  {
    SystemClock clock;
    EventLoop loop(clock);
    struct Poster {
      EventLoop& loop;
      TestLoop& test;
      explicit Poster(EventLoop& l, TestLoop& t) : loop(l), test(t) {}
      ~Poster() {
        loop.destroy_later(std::make_unique<Mortal>(test, "late"));
        loop.post([mortal = std::make_unique<Mortal>(test, "later")] {});
      }
    };
    loop.post([timer = std::make_unique<Timer>(loop, [] {}), poster = std::make_unique<Poster>(loop, test)] {
      timer->arm(std::chrono::milliseconds{1});
    });
  }
  std::ranges::sort(test.notes);
  CHECK(test.notes == Notes{"late is gone", "later is gone"});
}

TEST_CASE("a post from another thread wakes the loop and runs on its thread", "[event]") {
  TestLoop test;
  constexpr int kPosts = 1'000;
  int runs = 0;
  std::thread::id ran_on;
  std::thread poster([&] {
    for (int i = 0; i < kPosts; ++i)
      test.loop.post([&, i] {
        if (runs == i) ++runs;
        ran_on = std::this_thread::get_id();
        if (i == kPosts - 1) test.loop.stop();
      });
  });
  test.loop.run();
  poster.join();
  CHECK(runs == kPosts);
  CHECK(ran_on == std::this_thread::get_id());
}

TEST_CASE("a stop from another thread ends an idle loop", "[event]") {
  TestLoop test;
  std::thread stopper([&] { test.loop.stop(); });
  test.loop.run();
  stopper.join();
  SUCCEED();
}

TEST_CASE("time stands still within a turn and moves on with the next", "[event]") {
  FakeClock clock;
  EventLoop loop(clock);
  std::vector<Instant> seen;
  loop.post([&] {
    seen.push_back(loop.now());
    clock.advance(std::chrono::seconds{1});
    seen.push_back(loop.now());
    loop.post([&] {
      seen.push_back(loop.now());
      loop.stop();
    });
  });
  loop.run();
  REQUIRE(seen.size() == 3);
  CHECK(seen[0] == seen[1]);
  CHECK(seen[2] - seen[1] == std::chrono::seconds{1});
}

TEST_CASE("time that is asked for outside of a run is read anew for the run", "[event]") {
  FakeClock clock;
  EventLoop loop(clock);
  const Instant before = loop.now();
  const WallTime wall_before = loop.wall();
  clock.advance(std::chrono::seconds{5});
  Instant during;
  WallTime wall_during;
  loop.post([&] {
    during = loop.now();
    wall_during = loop.wall();
    loop.stop();
  });
  loop.run();
  CHECK(during - before == std::chrono::seconds{5});
  CHECK(wall_during - wall_before == std::chrono::seconds{5});
}

TEST_CASE("a loop is current on its own thread alone while it runs", "[event]") {
  TestLoop test;
  CHECK(test.loop.is_current());
  bool inside = false, outside = true;
  test.loop.post([&] {
    inside = test.loop.is_current();
    std::thread([&] { outside = test.loop.is_current(); }).join();
    test.loop.stop();
  });
  test.loop.run();
  CHECK(inside);
  CHECK_FALSE(outside);
}
