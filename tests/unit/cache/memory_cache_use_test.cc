// What of the things held may answer which request.
#include "cache/memory_cache.h"
#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;
using http::ForwardReason;

namespace {

ForwardReason why(const Asked& asked) {
  if (const auto* lead = std::get_if<Lead>(&asked.found)) return lead->why;
  if (const auto* joined = std::get_if<Joined>(&asked.found)) return joined->why;
  if (const auto* absent = std::get_if<Absent>(&asked.found)) return absent->why;
  return ForwardReason::None;
}

}  // namespace

TEST_CASE("a stale response is served while the first request to find it so revalidates it", "[cache][rfc5861-3]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 10s, .stale = {.while_revalidate = 5s}});
  cache.clock.advance(12s);
  Asked first = cache.get("/a/64"), second = cache.get("/a/64");
  REQUIRE(stale_hit(first));
  REQUIRE(stale_hit(second));
  CHECK(stale_hit(first)->response->body() == "face");
  REQUIRE(stale_hit(first)->refresh);
  CHECK_FALSE(stale_hit(second)->refresh);

  const FillEnded ended = cache.cache.refresh(std::move(*stale_hit(first)->refresh), stale_hit(first)->response,
                                              cache.refreshed(stale_hit(first)->response));
  CHECK(ended.verdict == StoreVerdict::Stored);
  CHECK(ended.waiters.empty());
  CHECK(cache.get("/a/64").is_hit());
}

TEST_CASE("when the time for that is over, requests wait", "[cache][rfc5861-3]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 10s, .stale = {.while_revalidate = 5s}});
  cache.clock.advance(15s - 1ns);
  Asked inside = cache.get("/a/64");
  REQUIRE(stale_hit(inside));
  cache.cache.give_up(std::move(*stale_hit(inside)->refresh));
  cache.clock.advance(1ns);
  Asked outside = cache.get("/a/64");
  REQUIRE(outside.leads());
  CHECK(why(outside) == ForwardReason::Stale);
  cache.fail(outside);
}

TEST_CASE("nothing stale is served after an update, a hard purge or a soft one", "[cache][rfc5861-3][R1]") {
  TestCache cache;
  const Said said{.ttl = 10s, .stale = {.while_revalidate = 1h}};
  cache.put("/a/64", "face", said);
  cache.clock.advance(12s);
  SECTION("update") { cache.cache.invalidate("a", {}); }
  SECTION("hard") { cache.cache.purge_avatar("a", PurgeMode::Hard); }
  SECTION("soft") { cache.cache.purge_avatar("a", PurgeMode::Soft); }
  Asked asked = cache.get("/a/64");
  CHECK(asked.leads());
  cache.fail(asked);
}

TEST_CASE("what a background refresh brings after an update is not stored", "[cache][R1][R2]") {
  TestCache cache;
  cache.put("/a/64", "old", {.ttl = 10s, .stale = {.while_revalidate = 1h}});
  cache.clock.advance(12s);
  Asked asked = cache.get("/a/64");
  REQUIRE(stale_hit(asked));
  cache.cache.invalidate("a", {});
  CHECK(cache.cache.store(std::move(*stale_hit(asked)->refresh), cache.response("/a/64", "old")).verdict ==
        StoreVerdict::Voided);
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("no-cache asks again, and whoever says it meanwhile joins", "[cache][rfc9111-5.2.1.4]") {
  TestCache cache;
  cache.put("/a/64", "face");
  cache.limits.revalidate = true;
  Asked first = cache.get("/a/64"), second = cache.get("/a/64");
  REQUIRE(first.leads());
  CHECK(why(first) == ForwardReason::Request);
  CHECK(first.stale());
  CHECK(second.joined());
  cache.limits = {};
  CHECK(cache.get("/a/64").is_hit());
  cache.fail(first);
}

TEST_CASE("max-age takes nothing older, min-fresh nothing that is soon stale", "[cache][rfc9111-5.2.1]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 60s, .stale = {.while_revalidate = 1h}});
  cache.clock.advance(20s);
  cache.limits.age_max = 20s;
  CHECK(cache.holds("/a/64"));
  cache.limits.age_max = 19s;
  CHECK_FALSE(cache.holds("/a/64"));
  cache.limits = {.fresh_for_min = 39s};
  CHECK(cache.holds("/a/64"));
  cache.limits.fresh_for_min = 40s;
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("max-stale takes what is stale for no longer, where the response allows it", "[cache][rfc9111-5.2.1.2]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 10s, .stale = {.by_request = true}});
  cache.put("/b/64", "face", {.ttl = 10s, .stale = {.by_request = false}});
  cache.clock.advance(15s);
  cache.limits.stale_max = 5s;
  Asked asked = cache.get("/a/64");
  REQUIRE(stale_hit(asked));
  CHECK(stale_hit(asked)->by_request);
  CHECK_FALSE(stale_hit(asked)->refresh);
  Asked forbidden = cache.get("/b/64");
  CHECK(forbidden.leads());
  cache.fail(forbidden);
  cache.clock.advance(1s);
  Asked late = cache.get("/a/64");
  CHECK(late.leads());
  cache.fail(late);
}

TEST_CASE("a request that wants no fill finds what is held or nothing", "[cache][rfc9111-5.2.1.7]") {
  TestCache cache;
  cache.fill = Question::Fill::None;
  Asked asked = cache.get("/a/64");
  CHECK(std::holds_alternative<Absent>(asked.found));
  CHECK(why(asked) == ForwardReason::UriMiss);
  cache.fill = Question::Fill::Shared;
  Asked leader = cache.get("/a/64");
  REQUIRE(leader.leads());  // Nothing was begun.
  cache.answer(leader, "face");
  cache.fill = Question::Fill::None;
  CHECK(cache.get("/a/64").is_hit());
}

TEST_CASE("a fill with credentials is joined by nobody and joins nobody", "[cache][rfc9111-3.5]") {
  TestCache cache;
  cache.fill = Question::Fill::Alone;
  Asked mine = cache.get("/a/64"), yours = cache.get("/a/64");
  CHECK(mine.leads());
  CHECK(yours.leads());
  cache.fill = Question::Fill::Shared;
  Asked shared = cache.get("/a/64");
  CHECK(shared.leads());

  SECTION("each may be stored") {
    CHECK(cache.answer(mine, "face").waiters == std::vector{mine.waiter});
    CHECK(cache.get("/a/64").body() == "face");
    cache.fail(yours);
    cache.fail(shared);
  }
  SECTION("an update voids each") {
    CHECK(cache.cache.invalidate("a", {}).fills == 3);
    CHECK(cache.answer(mine, "old").verdict == StoreVerdict::Voided);
    CHECK(cache.answer(yours, "old").verdict == StoreVerdict::Voided);
    CHECK(cache.answer(shared, "old").verdict == StoreVerdict::Voided);
  }
}

TEST_CASE("a miss for one variant beside another says so", "[cache][rfc9211-2.2]") {
  TestCache cache;
  cache.put("/a/64", "png", {.selecting = "accept: image/png\r\n"}, "accept: image/png\r\n");
  Asked other = cache.get("/a/64", "accept: image/webp\r\n");
  REQUIRE(other.leads());
  CHECK(why(other) == ForwardReason::VaryMiss);
  cache.fail(other);
}

TEST_CASE("a mark that has had its time hides no stored variant", "[cache]") {
  TestCache cache;
  cache.put("/a/64", "png", {.selecting = "accept: image/png\r\n"}, "accept: image/png\r\n");
  Asked other = cache.get("/a/64", "accept: image/webp\r\n");
  cache.answer(other, "", {.etag = "", .ttl = 5s, .status = 0});
  CHECK(cache.get("/a/64", "accept: image/png\r\n").is_uncacheable());
  cache.clock.advance(5s);
  CHECK(cache.get("/a/64", "accept: image/png\r\n").body() == "png");
}
