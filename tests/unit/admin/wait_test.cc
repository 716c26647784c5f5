#include "admin/wait.h"

#include "support/catch.h"

using namespace edge::admin;
using namespace std::chrono_literals;

TEST_CASE("a query may ask to wait, at most a minute", "[admin]") {
  CHECK(*parse_wait("") == std::nullopt);
  CHECK(*parse_wait("wait=10s") == 10s);
  CHECK(*parse_wait("wait=1m") == 60s);
  for (const char* wrong : {"wait=61s", "wait=", "wait=soon", "wait", "x=1", "wait=1s&x=1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_wait(wrong));
  }
}
