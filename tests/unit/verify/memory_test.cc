#include "verify/memory.h"

#include "support/catch.h"

using namespace edge::verify;

TEST_CASE("the origin's last answers are remembered, the oldest forgotten first", "[verify]") {
  Memory memory(2);
  const auto answer = [](std::uint16_t status) { return Answer{.kind = Answer::Kind::Other, .status = status}; };
  memory.keep("a", answer(301));
  memory.keep("b", answer(302));
  memory.keep("a", answer(303));
  memory.keep("c", answer(304));
  CHECK(memory.size() == 2);
  CHECK_FALSE(memory.try_recall("b"));
  CHECK(memory.try_recall("a")->status == 303);
  CHECK(memory.try_recall("c")->status == 304);
}
