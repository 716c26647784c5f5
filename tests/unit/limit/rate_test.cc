#include "limit/rate.h"

#include "support/catch.h"

using namespace edge::limit;
using namespace std::chrono_literals;

TEST_CASE("a rate is a count and a unit of time", "[limit]") {
  CHECK(parse_rate("100/s")->interval == 10ms);
  CHECK(parse_rate("1/m")->interval == 1min);
  CHECK(parse_rate("3/s")->interval == 333'333'333ns);
  CHECK(parse_rate("10/h")->interval == 6min);
  CHECK(parse_rate("1/d")->interval == 24h);
  CHECK(parse_rate("1000000/s")->interval == 1us);
  CHECK(parse_rate("100/s")->burst == 100);
  CHECK(parse_rate("1/m")->whole() == 1min);
}

TEST_CASE("what is no rate is refused with what would be one", "[limit]") {
  for (const char* wrong :
       {"", "100", "/s", "0/s", "-1/s", "1000001/s", "1/ms", "1/second", "1.5/s", "1 /s", "1/s/s"}) {
    CAPTURE(wrong);
    const auto rate = parse_rate(wrong);
    REQUIRE_FALSE(rate);
    CHECK(rate.error().message.find("such as 100/s or 1/m") != std::string::npos);
  }
}
