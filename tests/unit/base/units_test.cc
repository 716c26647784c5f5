#include "base/units.h"

#include "support/catch.h"

using namespace edge;
using namespace std::chrono_literals;

TEST_CASE("a duration is a whole number and its unit", "[base]") {
  CHECK(*parse_duration("200ms") == 200ms);
  CHECK(*parse_duration("5s") == 5s);
  CHECK(*parse_duration("10m") == 10min);
  CHECK(*parse_duration("1h") == 1h);
  CHECK(*parse_duration("1d") == 24h);
  CHECK(*parse_duration("0s") == 0s);
  CHECK(*parse_duration("0") == 0s);
  CHECK(*parse_duration("3650d") == 24h * 3650);
}

TEST_CASE("a size is a whole number and its unit", "[base]") {
  CHECK(*parse_size("1B") == 1);
  CHECK(*parse_size("64KiB") == 65'536);
  CHECK(*parse_size("512MiB") == 536'870'912);
  CHECK(*parse_size("1GiB") == 1'073'741'824);
  CHECK(*parse_size("0") == 0);
  CHECK(*parse_size("1048576GiB") == 1ull << 50);
}

TEST_CASE("other durations are malformed", "[base]") {
  for (const char* text : {"", "5", "s", "-5s", "+5s", "5 s", " 5s", "5s ", "5S", "1.5s", "5us", "5sec", "1h30m",
                           "3651d", "18446744073709551616ms", "18446744073709551615d"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_duration(text));
    CHECK(parse_duration(text).error().code == ErrorCode::Malformed);
  }
}

TEST_CASE("other sizes are malformed", "[base]") {
  for (const char* text : {"", "5", "00", "MiB", "-1MiB", "1 MiB", "1MB", "1mib", "1.5GiB", "0x10B", "1048577GiB",
                           "18446744073709551616B", "18446744073709551615GiB"}) {
    CAPTURE(text);
    REQUIRE_FALSE(parse_size(text));
    CHECK(parse_size(text).error().code == ErrorCode::Malformed);
  }
}

TEST_CASE("what is formatted is the shortest form and is read back", "[base]") {
  CHECK(format_duration(0ms) == "0ms");
  CHECK(format_duration(1500ms) == "1500ms");
  CHECK(format_duration(90s) == "90s");
  CHECK(format_duration(60s) == "1m");
  CHECK(format_duration(48h) == "2d");
  CHECK(format_size(0) == "0B");
  CHECK(format_size(1000) == "1000B");
  CHECK(format_size(1536) == "1536B");
  CHECK(format_size(2048) == "2KiB");
  CHECK(format_size(512ull << 20) == "512MiB");
  for (const std::uint64_t value : {0ull, 1ull, 1000ull, 1023ull, 1024ull, 86'400'000ull, 1ull << 40}) {
    CAPTURE(value);
    CHECK(*parse_size(format_size(value)) == value);
    if (value < 1ull << 38)
      CHECK(*parse_duration(format_duration(std::chrono::milliseconds{value})) == std::chrono::milliseconds{value});
  }
}
