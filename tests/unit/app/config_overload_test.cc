#include "support/catch.h"
#include "unit/app/config_problems.h"

using namespace edge;
using namespace edge::app;
using namespace std::chrono_literals;

TEST_CASE("lag has a limit by default, memory has none", "[app][overload]") {
  const serving::OverloadOptions overload = parse_config("", {}).config->overload;
  CHECK(overload.loop_lag == 250ms);
  CHECK(overload.memory_bytes == 0);
}

TEST_CASE("the limits of overload are read, and either may be none", "[app][overload]") {
  const LoadedConfig loaded = parse_config("overload: {loop_lag: 0s, memory: 2GiB}", {});
  REQUIRE(loaded);
  CHECK(loaded.config->overload.loop_lag == 0ms);
  CHECK(loaded.config->overload.memory_bytes == 2ull << 30);
  CHECK(parse_config("overload: {memory: 0B}", {}));
}

TEST_CASE("a process that may have less memory than its cache takes would refuse everything", "[app][overload]") {
  CHECK(problems("overload: {memory: 511MiB}") ==
        "f:1:20: overload.memory (511MiB) is less than cache.memory (512MiB)\n");
  CHECK(problems("overload: {memory: 512MiB}").empty());
  CHECK(problems("overload: {memory: 1MiB, loop_lag: 2m}").find("overload.loop_lag") != std::string::npos);
}
