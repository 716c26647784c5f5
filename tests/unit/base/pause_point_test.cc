#include "base/pause_point.h"

#include <thread>

#include "support/catch.h"

using namespace edge;

TEST_CASE("a point that nobody holds is passed", "[base]") {
  pause_point("free");
  const HeldPoint other("other");
  pause_point("free");
}

TEST_CASE("a held point catches the first thread that comes to it until it is let go", "[base]") {
  std::atomic<bool> has_passed{false};
  HeldPoint held("held");
  std::thread thread([&] {
    pause_point("held");
    has_passed = true;
  });
  held.wait_for_arrival();
  CHECK_FALSE(has_passed);
  pause_point("held");  // The second passes.
  CHECK_FALSE(has_passed);
  held.let_go();
  thread.join();
  CHECK(has_passed);
}

TEST_CASE("a point that is held no more lets go whom it caught", "[base]") {
  std::thread thread;
  {
    HeldPoint held("held");
    thread = std::thread([] { pause_point("held"); });
    held.wait_for_arrival();
  }
  thread.join();
  CHECK(held_pause_points.load() == 0);
}
