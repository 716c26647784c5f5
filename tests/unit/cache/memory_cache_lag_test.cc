// Origins whose replicas have not heard of an event yet: floors, versions, settling.
#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

// ---- Settling ----

TEST_CASE("what is filled soon after an event without a version is good only until the origin has settled",
          "[cache][PROTOCOL R4]") {
  TestCache cache({.settle = 2s});
  cache.cache.invalidate("a", {.id = {1, 0}});
  const Instant settled = cache.clock.now() + 2s;
  Asked leader = cache.get("/a/64");
  const FillEnded ended = cache.answer(leader, "perhaps of a replica that lags", {.ttl = 1h});
  CHECK(ended.usable_until == settled);
  cache.clock.advance(2s - 1ns);
  CHECK(cache.get("/a/64").is_hit());
  cache.clock.advance(1ns);
  Asked again = cache.get("/a/64");
  REQUIRE(again.leads());
  CHECK(again.stale());
  CHECK(cache.answer_not_modified(again, {.ttl = 1h}).usable_until == cache.clock.now() + 1h);
  CHECK(cache.get("/a/64").is_hit());
}

TEST_CASE("what was cut short by settling is not served while it is revalidated", "[cache][PROTOCOL R4]") {
  TestCache cache({.settle = 2s});
  cache.cache.invalidate("a", {.id = {1, 0}});
  cache.put("/a/64", "face", {.ttl = 1h, .stale = {.while_revalidate = 1h}});
  cache.clock.advance(2s);
  Asked asked = cache.get("/a/64");
  CHECK(asked.leads());
  cache.fail(asked);
}

TEST_CASE("where event and response both bear versions nothing needs to settle", "[cache][PROTOCOL R4]") {
  TestCache cache({.settle = 2s});
  cache.cache.invalidate("a", {.id = {1, 0}, .version = 5});
  cache.put("/a/64", "current", {.version = 5, .ttl = 1h});
  cache.put("/a/128", "says no version", {.ttl = 1h});
  cache.clock.advance(2s);
  CHECK(cache.holds("/a/64"));
  CHECK_FALSE(cache.holds("/a/128"));
}

TEST_CASE("a fill that was begun before an avatar had settled is cut short even if it is answered later",
          "[cache][PROTOCOL R4]") {
  TestCache cache({.settle = 2s});
  cache.cache.invalidate("a", {.id = {1, 0}});
  Asked slow = cache.get("/a/64");
  cache.clock.advance(5s);
  CHECK(cache.answer(slow, "face", {.ttl = 1h}).verdict == StoreVerdict::Stored);
  CHECK_FALSE(cache.holds("/a/64"));
  CHECK(cache.put("/a/64", "face", {.ttl = 1h}) == StoreVerdict::Stored);
  CHECK(cache.holds("/a/64"));
}

// ---- Lag of the origin ----

TEST_CASE("a version below the floor's is behind; its own, a later one and no floor are not", "[cache][PROTOCOL R4]") {
  TestCache cache;
  cache.cache.invalidate("a", {.id = {1, 0}, .version = 5});
  Asked leader = cache.get("/a/64"), other = cache.get("/b/64");
  const FillPermit& permit = std::get<Lead>(leader.found).permit;
  CHECK(permit.is_behind(4));
  CHECK_FALSE(permit.is_behind(5));
  CHECK_FALSE(permit.is_behind(6));
  CHECK_FALSE(std::get<Lead>(other.found).permit.is_behind(0));
  cache.cache.invalidate("a", {.id = {2, 0}, .version = 7});
  // Overtaken: nobody who came after that event waits for it, but those who wait came after the first.
  CHECK(permit.is_behind(4));
  CHECK_FALSE(permit.is_behind(5));
  cache.fail(leader);
  cache.fail(other);
}

// ---- as_of ----

TEST_CASE("a fill begun after an event was applied, and before the node's position says so, is stored",
          "[cache][PROTOCOL R2][PROTOCOL R6]") {
  TestCache cache({.settle = 0s});
  cache.cache.set_applied({3, 0});
  cache.cache.invalidate("a", {.id = {4, 0}});
  Asked leader = cache.get("/a/64");  // set_applied(4-0) comes after the whole batch.
  CHECK(cache.answer(leader, "new", {.ttl = 1h}).verdict == StoreVerdict::Stored);
  CHECK(cache.get("/a/64").body() == "new");
}

TEST_CASE("an update by hand raises no floor above what the feed has said", "[cache][PROTOCOL R1]") {
  TestCache cache({.settle = 0s});
  cache.cache.invalidate("a", {.id = {4, 0}});
  cache.cache.invalidate("a", {});
  CHECK(cache.cache.report("a").floor->id == EventId{4, 0});
  CHECK(cache.put("/a/64", "new") == StoreVerdict::Stored);
}
