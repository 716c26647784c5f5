#include "base/rfc3339.h"

#include "support/catch.h"

using namespace edge;

TEST_CASE("wall time is written in UTC with milliseconds", "[base][rfc3339]") {
  const auto text = [](std::int64_t ms) {
    return std::string(Rfc3339(WallTime{std::chrono::milliseconds{ms}}).view());
  };
  CHECK(text(0) == "1970-01-01T00:00:00.000Z");
  CHECK(text(1'795'381'200'123) == "2026-11-22T21:00:00.123Z");
  CHECK(text(1'709'251'199'999) == "2024-02-29T23:59:59.999Z");
}
