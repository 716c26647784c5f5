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

TEST_CASE("a URL of sentinels names each, the primary, and the credentials of both", "[redis]") {
  const auto url = parse_redis_url(
      "redis+sentinel://me:p%40ss@10.0.0.1,10.0.0.2:7,[::1]:8/my%2Dmaster_1.x/"
      "3?sentinel_username=w&sentinel_password=s%26");
  REQUIRE(url);
  CHECK(url->host.empty());
  CHECK(url->unix_path.empty());
  CHECK(url->user == "me");
  CHECK(url->password == "p@ss");
  CHECK(url->database == 3);
  CHECK(url->primary_name == "my-master_1.x");
  REQUIRE(url->sentinels.size() == 3);
  CHECK(url->sentinels[0].place() == "10.0.0.1:26379");
  CHECK(url->sentinels[1].place() == "10.0.0.2:7");
  CHECK(url->sentinels[2].place() == "[::1]:8");
  for (const auto& sentinel : url->sentinels) {
    CHECK(sentinel.user == "w");
    CHECK(sentinel.password == "s&");
    CHECK(sentinel.database == 0);
  }
  CHECK(url->place() == "my-master_1.x of the sentinels 10.0.0.1:26379, 10.0.0.2:7, [::1]:8");
  // Those of the one are not those of the others.
  CHECK(parse_redis_url("redis+sentinel://:secret@h/m")->sentinels[0].password.empty());
  CHECK(parse_redis_url("redis+sentinel://h/m?sentinel_password=secret")->password.empty());
}

TEST_CASE("what is no URL of sentinels is refused with one that is", "[redis]") {
  std::string many = "redis+sentinel://h0";
  for (int i = 1; i < 17; ++i) many += ",h" + std::to_string(i);
  for (const std::string text :
       {"redis+sentinel://h", "redis+sentinel://h/", "redis+sentinel:///m", "redis+sentinel://h,/m",
        "redis+sentinel://h,h:26379/m", "redis+sentinel://h/m/x", "redis+sentinel://h/a%20b",
        "redis+sentinel://h/m?db=1", "redis+sentinel://h/m?sentinel_username=u",
        "redis+sentinel://h/m?sentinel_password=%zz", "redis+sentinel://me@h/m", "sentinel://h/m",
        "redis-sentinel://h/m"}) {
    INFO(text);
    const auto url = parse_redis_url(text);
    REQUIRE_FALSE(url);
    CHECK(url.error().message.find("not a Redis URL: ") == 0);
  }
  CHECK_FALSE(parse_redis_url(many + "/m"));
  CHECK(parse_redis_url(many.substr(0, many.rfind(',')) + "/m"));
  CHECK(parse_redis_url("sentinel://h/m").error().message.find("write redis+sentinel://") != std::string::npos);
  CHECK(parse_redis_url("redis+sentinel://h/m?sentinel_password=secret&x").error().message.find("secret") ==
        std::string::npos);
}

TEST_CASE("what is no URL is refused, and a password is not repeated", "[redis]") {
  for (const char* text : {"", "127.0.0.1", "http://h", "redis://", "redis://h:0", "redis://h:99999", "redis://h:x",
                           "redis://h/x", "redis://me@h", "redis://:s%4@h", "redis://:s%zz@h", "redis://[::1",
                           "unix://x", "unix:///a?b=1", "rediss://h", "redis+cluster://h", "rediss+sentinel://h/m"}) {
    INFO(text);
    CHECK_FALSE(parse_redis_url(text));
  }
  CHECK(parse_redis_url("redis://:secret@h:x").error().message.find("secret") == std::string::npos);
}
