#include "demo/what_to_try.h"

#include "support/catch.h"

namespace edge::demo {
namespace {

TEST_CASE("the demo tells of one page and commands with the addresses at hand", "[demo]") {
  const std::string text = what_to_try({.edge = "127.0.0.1:1", .origin = "127.0.0.1:2", .admin = "127.0.0.1:3"});
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  CHECK(has("\n    http://127.0.0.1:1/\n"));
  CHECK(has("http://127.0.0.1:1/avatars/42/132 | grep -i cache-status"));
  CHECK(has("http://127.0.0.1:2/avatars/9001/640 && curl -T new.png http://127.0.0.1:1/avatars/42"));
  CHECK(has("http://127.0.0.1:3/updates"));
  CHECK(has("http://127.0.0.1:3/metrics"));
  for (const std::string_view stand_in : {"EDGE", "ORIGIN", "ADMIN", "UPDATE", "REDIS"}) CHECK(!has(stand_in));
  CHECK(text.ends_with("\n"));
}

TEST_CASE("with a feed it tells how to publish to it, and how to wait for all nodes", "[demo]") {
  const std::string text =
      what_to_try({.edge = "127.0.0.1:1", .origin = "127.0.0.1:2", .admin = "127.0.0.1:3", .redis_socket = "/tmp/r"});
  CHECK(text.find("redis-cli -s /tmp/r XADD avatar:updates '*' avatar 42\n") != std::string::npos);
  CHECK(text.find("'http://127.0.0.1:3/updates?wait=10s'\n") != std::string::npos);
}

TEST_CASE("no line of it is wider than a terminal of 120 columns", "[demo]") {
  const std::string text = what_to_try({.edge = "127.0.0.1:65535",
                                        .origin = "127.0.0.1:65535",
                                        .admin = "127.0.0.1:65535",
                                        .redis_socket = "/tmp/avatar-edge-demo.abcdef/redis.sock"});
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    CHECK(end - at <= 120);
    at = end + 1;
  }
}

}  // namespace
}  // namespace edge::demo
