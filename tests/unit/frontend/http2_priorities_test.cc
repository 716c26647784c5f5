#include "frontend/http2_priorities.h"

#include "support/catch.h"

using edge::frontend::Http2Priorities;

namespace {

unsigned urgency_of(Http2Priorities& priorities, std::int32_t id) {
  const auto taken = priorities.take(id);
  return taken ? taken->urgency : 99;
}

}  // namespace

TEST_CASE("a request that begins has the priority that was said of it last", "[frontend][rfc9218 7]") {
  Http2Priorities priorities;
  CHECK(urgency_of(priorities, 1) == 99);
  priorities.note(5, {.urgency = 1});
  priorities.note(7, {.urgency = 2});
  priorities.note(5, {.urgency = 0});
  CHECK(urgency_of(priorities, 3) == 99);
  CHECK(urgency_of(priorities, 5) == 0);
  CHECK(urgency_of(priorities, 5) == 99);
  CHECK(urgency_of(priorities, 7) == 2);
}

TEST_CASE("nothing is known of requests that can never begin", "[frontend][rfc9113 5.1.1]") {
  Http2Priorities priorities;
  priorities.note(3, {.urgency = 1});
  CHECK(urgency_of(priorities, 5) == 99);
  CHECK(urgency_of(priorities, 3) == 99);
}

TEST_CASE("so many priorities are noted, and of more the latest", "[frontend]") {
  Http2Priorities priorities;
  const auto max = static_cast<std::int32_t>(Http2Priorities::kMax);
  for (std::int32_t i = 0; i <= max; ++i) priorities.note(2 * i + 1, {.urgency = 1});
  CHECK(urgency_of(priorities, 1) == 99);
  CHECK(urgency_of(priorities, 3) == 1);
  CHECK(urgency_of(priorities, 2 * max + 1) == 1);
}
