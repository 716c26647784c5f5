#include "redis/redis_url.h"

#include "support/catch.h"

using edge::redis::parse_redis_url;

TEST_CASE("a URL names host, port, database and credentials", "[redis]") {
  const auto url = parse_redis_url("redis://me:p%40ss@10.0.0.1:6380/3");
  REQUIRE(url);
  CHECK(url->host == "10.0.0.1");
  CHECK(url->port == 6380);
  CHECK(url->database == 3);
  CHECK(url->user == "me");
  CHECK(url->password == "p@ss");
  CHECK(url->place() == "10.0.0.1:6380");
  CHECK(parse_redis_url("redis://:secret@h")->password == "secret");
  CHECK(parse_redis_url("redis://h/")->port == 6379);
  CHECK(parse_redis_url("redis://[::1]:7/0")->place() == "[::1]:7");
}

TEST_CASE("a UNIX socket is a path", "[redis]") {
  const auto url = parse_redis_url("unix:///run/redis.sock?db=2");
  REQUIRE(url);
  CHECK(url->unix_path == "/run/redis.sock");
  CHECK(url->database == 2);
  CHECK(url->place() == "/run/redis.sock");
}

TEST_CASE("what is no URL is refused, and a password is not repeated", "[redis]") {
  for (const char* text : {"", "127.0.0.1", "http://h", "redis://", "redis://h:0", "redis://h:99999", "redis://h:x",
                           "redis://h/x", "redis://me@h", "redis://:s%4@h", "redis://:s%zz@h", "redis://[::1",
                           "unix://x", "unix:///a?b=1", "rediss://h", "redis+cluster://h"}) {
    INFO(text);
    CHECK_FALSE(parse_redis_url(text));
  }
  CHECK(parse_redis_url("redis://:secret@h:x").error().message.find("secret") == std::string::npos);
}
