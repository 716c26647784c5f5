#include "cache/memory_cache.h"

#include <algorithm>

#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

TEST_CASE("the first request for what is not there leads its fill, the others join it", "[cache]") {
  TestCache cache;
  Asked first = cache.get("/a/64"), second = cache.get("/a/64"), third = cache.get("/a/64");
  REQUIRE(first.leads());
  CHECK_FALSE(first.stale());
  CHECK(second.joined());
  CHECK(third.joined());
  Asked other = cache.get("/a/128");
  CHECK(other.leads());
  cache.fail(other);

  const FillEnded ended = cache.answer(first, "face");
  CHECK(ended.verdict == StoreVerdict::Stored);
  CHECK(ended.waiters == std::vector{first.waiter, second.waiter, third.waiter});
  CHECK(cache.get("/a/64").body() == "face");
}

TEST_CASE("a fill takes in no more than waiters_max requests", "[cache]") {
  TestCache cache({.waiters_max = 2});
  Asked leader = cache.get("/a/64");
  CHECK(cache.get("/a/64").joined());
  CHECK(cache.get("/a/64").is_turned_away());
  CHECK(cache.fail(leader).waiters.size() == 2);
}

TEST_CASE("a waiter that leaves is not told, and its fill goes on", "[cache]") {
  TestCache cache;
  Asked leader = cache.get("/a/64"), gone = cache.get("/a/64"), stays = cache.get("/a/64");
  cache.cache.leave(TestCache::key("/a/64"), gone.waiter);
  cache.cache.leave(TestCache::key("/a/64"), leader.waiter);
  cache.cache.leave(TestCache::key("/b/64"), stays.waiter);
  CHECK(cache.get("/a/64").joined());
  const auto waiters = cache.answer(leader, "face").waiters;
  CHECK(waiters.size() == 2);
  CHECK(std::count(waiters.begin(), waiters.end(), stays.waiter) == 1);
}

TEST_CASE("after a fill that failed the next request leads a new one", "[cache]") {
  TestCache cache;
  Asked leader = cache.get("/a/64");
  CHECK(cache.fail(leader).waiters.size() == 1);
  Asked next = cache.get("/a/64");
  CHECK(next.leads());
  cache.fail(next);
}

TEST_CASE("a stored response is a hit until it is stale; then who asks first revalidates it", "[cache][rfc9111]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 10s});
  cache.clock.advance(10s - 1ns);
  CHECK(cache.get("/a/64").is_hit());
  cache.clock.advance(1ns);
  Asked leader = cache.get("/a/64");
  REQUIRE(leader.leads());
  REQUIRE(leader.stale());
  CHECK(leader.stale()->body() == "face");
  CHECK(cache.get("/a/64").joined());
  CHECK(cache.answer(leader, "new face").verdict == StoreVerdict::Stored);
  CHECK(cache.get("/a/64").body() == "new face");
  CHECK(cache.cache.statistics().entries == 1);
}

TEST_CASE("what is stale comes along with the permit to fill, with a validator or without", "[cache][rfc9111]") {
  TestCache cache;
  cache.put("/a/64", "face", {.etag = "", .ttl = 10s});
  cache.clock.advance(10s);
  Asked leader = cache.get("/a/64");
  REQUIRE(leader.stale());  // It may yet stand in for an origin that fails.
  CHECK_FALSE(leader.stale()->has_validator());
  cache.fail(leader);
}

TEST_CASE("a mark lets every request go to the origin by itself, for as long as it lasts", "[cache]") {
  TestCache cache;
  Asked leader = cache.get("/a/64");
  cache.answer(leader, "", {.etag = "", .ttl = 10s, .status = 0});
  CHECK(cache.get("/a/64").is_uncacheable());
  CHECK(cache.get("/a/64").is_uncacheable());
  cache.clock.advance(10s);
  Asked next = cache.get("/a/64");
  REQUIRE(next.leads());
  CHECK_FALSE(next.stale());
  cache.answer(next, "face");
  CHECK(cache.get("/a/64").body() == "face");
}

TEST_CASE("a 304 refreshes the response that is there, without a copy of its body", "[cache][rfc9111]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 10s});
  const char* const body = std::get<Hit>(cache.get("/a/64").found).response->body().data();
  cache.clock.advance(10s);
  Asked leader = cache.get("/a/64");
  CHECK(cache.answer_not_modified(leader, {.ttl = 10s}).verdict == StoreVerdict::Stored);
  const Asked hit = cache.get("/a/64");
  CHECK(hit.body() == "face");
  CHECK(std::get<Hit>(hit.found).response->body().data() == body);
}

// ---- Vary ----

TEST_CASE("each request gets the variant that Vary selects for it", "[cache][rfc9111]") {
  TestCache cache;
  cache.put("/a/64", "webp", {.selecting = "accept: image/webp\r\n"}, "accept: image/webp\r\n");
  cache.put("/a/64", "png", {.selecting = "accept: image/png\r\n"}, "accept: image/png\r\n");
  CHECK(cache.get("/a/64", "accept: image/webp\r\n").body() == "webp");
  CHECK(cache.get("/a/64", "accept: image/png\r\n").body() == "png");
  CHECK_FALSE(cache.holds("/a/64", "accept: */*\r\n"));
  cache.put("/a/64", "new png", {.selecting = "accept: image/png\r\n"}, "accept: image/avif\r\n");
  CHECK(cache.get("/a/64", "accept: image/png\r\n").body() == "new png");
  CHECK(cache.cache.statistics().entries == 2);
}

TEST_CASE("an avatar keeps variants_max responses; the oldest gives way", "[cache]") {
  TestCache cache({.variants_max = 3});
  for (const char* url : {"/a/1", "/a/2", "/a/3", "/b/1", "/a/4"}) cache.put(url, "face");
  CHECK_FALSE(cache.holds("/a/1"));
  for (const char* url : {"/a/2", "/a/3", "/a/4", "/b/1"}) CHECK(cache.holds(url));
}

TEST_CASE("a smaller variants_max holds from the next response of an avatar on", "[cache]") {
  TestCache cache({.variants_max = 5});
  for (const char* url : {"/a/1", "/a/2", "/a/3", "/a/4", "/a/5"}) cache.put(url, "face");
  cache.cache.reload({.variants_max = 2});
  cache.put("/a/6", "face");
  CHECK(cache.cache.statistics().entries == 2);
  CHECK(cache.holds("/a/5"));
  CHECK(cache.holds("/a/6"));
}

TEST_CASE("what was stored of a URL under another avatar is not found under this one", "[cache]") {
  TestCache cache;
  cache.put("/a/64", "face");
  // So many that some fall to the same bucket, as after a reload with other routes.
  for (int i = 0; i < 20'000; ++i) {
    const std::string avatar = "avatar" + std::to_string(i);
    Lookup found = cache.cache.look_up(CacheKey(avatar, "/a/64"), {http::Fields{}}, cache.clock.now(), {0, 1});
    REQUIRE(std::holds_alternative<Lead>(found));
    cache.cache.give_up(std::move(std::get<Lead>(found).permit));
  }
}

// ---- What it says of itself ----

TEST_CASE("a report tells all that is held of an avatar, and what is being asked for it", "[cache]") {
  TestCache cache;
  cache.cache.invalidate("a", {.version = 7});
  cache.put("/a/64", "face", {.version = 8, .ttl = 10s});
  cache.clock.advance(4s);
  cache.put("/a/128", "", {.etag = "", .ttl = 5s, .status = 0});
  cache.put("/b/64", "other");
  Asked leader = cache.get("/a/256"), joined = cache.get("/a/256");

  const AvatarReport report = cache.cache.report("a");
  REQUIRE(report.entries.size() == 2);
  const auto face = std::find_if(report.entries.begin(), report.entries.end(),
                                 [](const EntryReport& entry) { return entry.url == "/a/64"; });
  REQUIRE(face != report.entries.end());
  CHECK(face->status == 200);
  CHECK(face->body_bytes == 4);
  CHECK(face->age == 4s);
  CHECK(face->fresh_for == 6s);
  CHECK(face->etag == "\"1\"");
  CHECK(face->version == 8u);
  CHECK_FALSE(face->in_main_queue);
  CHECK(report.fills == std::vector<std::pair<std::string, std::size_t>>{{"/a/256", 2}});
  REQUIRE(report.floor);
  CHECK(report.floor->version == 7u);
  CHECK(cache.cache.report("nobody").entries.empty());
  CHECK(cache.cache.statistics().entries == 3);
  CHECK(cache.cache.statistics().floors == 1);
  cache.fail(leader);
}
