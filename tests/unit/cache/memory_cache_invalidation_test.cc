// The memory cache's part of the consistency protocol.
#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

TEST_CASE("an event drops all that is held of its avatar, and nothing else", "[cache][PROTOCOL R3]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 1s});
  cache.put("/a/128", "large face");
  cache.put("/a/256", "none", {.status = 404});
  cache.put("/a/512", "", {.etag = "", .status = 0});
  cache.put("/b/64", "other");
  cache.clock.advance(1s);
  const Invalidated done = cache.cache.invalidate("a", {});
  CHECK(done.responses == 4);
  CHECK(done.fills == 0);
  for (const char* url : {"/a/64", "/a/128", "/a/256", "/a/512"}) {
    Asked asked = cache.get(url);
    CHECK(asked.leads());
    CHECK_FALSE(asked.stale());
    cache.fail(asked);
  }
  CHECK(cache.holds("/b/64"));
  CHECK(cache.cache.invalidate("a", {}).responses == 0);
}

TEST_CASE("a fill that began before an event is never stored, but answers those who wait", "[cache][PROTOCOL R1]") {
  TestCache cache;
  Asked early = cache.get("/a/64"), waits = cache.get("/a/64");
  CHECK(cache.cache.invalidate("a", {}).fills == 1);
  const FillEnded ended = cache.answer(early, "old");
  CHECK(ended.verdict == StoreVerdict::Voided);
  CHECK(ended.waiters == std::vector{early.waiter, waits.waiter});
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("every kind of purge and every end of a fill keeps to the same rule", "[cache][PROTOCOL R1]") {
  const PurgeMode mode = GENERATE(PurgeMode::Soft, PurgeMode::Hard);
  const int scope = GENERATE(0, 1, 2);
  const int end = GENERATE(0, 1, 2, 3);
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 1s});
  cache.clock.advance(1s);
  Asked early = cache.get("/a/64");
  REQUIRE(early.stale());
  const Invalidated done = scope == 0   ? cache.cache.purge_avatar("a", mode)
                           : scope == 1 ? cache.cache.purge_url(TestCache::key("/a/64"), mode)
                                        : cache.cache.purge_all(mode);
  CHECK(done.responses == 1);
  CHECK(done.fills == 1);
  const FillEnded ended = end == 0   ? cache.answer(early, "old")
                          : end == 1 ? cache.answer_not_modified(early)
                          : end == 2 ? cache.answer_not_storable(early)
                                     : cache.fail(early);
  CHECK(ended.verdict == StoreVerdict::Voided);
  CHECK(ended.waiters.size() == 1);
  Asked next = cache.get("/a/64");
  CHECK(next.leads());
  CHECK(static_cast<bool>(next.stale()) == (mode == PurgeMode::Soft));
  cache.fail(next);
}

TEST_CASE("nobody joins a voided fill, and its end does not disturb the one that follows", "[cache][PROTOCOL R1]") {
  TestCache cache;
  Asked voided = cache.get("/a/64");
  cache.cache.invalidate("a", {});
  Asked second = cache.get("/a/64");
  REQUIRE(second.leads());
  Asked waits = cache.get("/a/64");
  REQUIRE(waits.joined());

  CHECK(cache.answer(voided, "old").waiters == std::vector{voided.waiter});
  Asked late = cache.get("/a/64");
  CHECK(late.joined());
  const FillEnded ended = cache.answer(second, "new");
  CHECK(ended.verdict == StoreVerdict::Stored);
  CHECK(ended.waiters == std::vector{second.waiter, waits.waiter, late.waiter});
  CHECK(cache.get("/a/64").body() == "new");
}

TEST_CASE("a voided fill that ends last leaves what the next one stored", "[cache][PROTOCOL R1]") {
  TestCache cache;
  Asked voided = cache.get("/a/64");
  cache.cache.invalidate("a", {});
  cache.put("/a/64", "new");
  CHECK(cache.answer(voided, "old").verdict == StoreVerdict::Voided);
  CHECK(cache.get("/a/64").body() == "new");
}

TEST_CASE("a waiter that leaves a voided fill does not leave the one that follows", "[cache][PROTOCOL R1]") {
  TestCache cache;
  Asked voided = cache.get("/a/64");
  cache.cache.invalidate("a", {});
  Asked second = cache.get("/a/64");
  cache.cache.leave(TestCache::key("/a/64"), voided.waiter);
  CHECK(cache.fail(voided).waiters.size() == 1);  // Its worker knows that it has gone.
  CHECK(cache.fail(second).waiters.size() == 1);
}

TEST_CASE("a 304 never puts back what an event has dropped", "[cache][PROTOCOL R2]") {
  TestCache cache;
  cache.put("/a/64", "old", {.ttl = 1s});
  cache.clock.advance(1s);
  Asked revalidates = cache.get("/a/64");
  cache.cache.invalidate("a", {});
  CHECK(cache.answer_not_modified(revalidates).verdict == StoreVerdict::Voided);
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("a 304 never puts back what was evicted meanwhile", "[cache][PROTOCOL R2]") {
  TestCache cache;
  cache.put("/a/64", "old", {.ttl = 1s});
  cache.clock.advance(1s);
  Asked revalidates = cache.get("/a/64");
  CacheOptions none;
  none.memory_bytes = 0;
  cache.cache.reload(none);
  REQUIRE(cache.cache.statistics().entries == 0);
  cache.cache.reload({});
  CHECK(cache.answer_not_modified(revalidates).verdict == StoreVerdict::Replaced);
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("a 304 does not speak for a response that has replaced the one it was asked about", "[cache][PROTOCOL R2]") {
  TestCache cache;
  cache.put("/a/64", "old", {.ttl = 1s});
  cache.clock.advance(1s);
  Asked early = cache.get("/a/64");
  const Ref<const StoredResponse> old = early.stale();
  cache.fail(early);
  cache.put("/a/64", "new", {.ttl = 1s});
  cache.clock.advance(1s);
  Asked late = cache.get("/a/64");
  Lead lead = std::move(std::get<Lead>(late.found));
  CHECK(cache.cache.refresh(std::move(lead.permit), old, cache.refreshed(old)).verdict == StoreVerdict::Replaced);
  Asked next = cache.get("/a/64");
  CHECK(next.stale()->body() == "new");
  cache.fail(next);
}

TEST_CASE("a response below the version that an event has named is not stored", "[cache][PROTOCOL R4]") {
  TestCache cache;
  cache.cache.invalidate("a", {.version = 5});
  CHECK(cache.put("/a/64", "lagging", {.version = 4}) == StoreVerdict::BelowFloor);
  CHECK_FALSE(cache.holds("/a/64"));
  CHECK(cache.put("/a/64", "current", {.version = 5}) == StoreVerdict::Stored);
  CHECK(cache.put("/a/128", "newer", {.version = 6}) == StoreVerdict::Stored);
  CHECK(cache.put("/a/256", "without a version") == StoreVerdict::Stored);
  CHECK(cache.put("/b/64", "other", {.version = 1}) == StoreVerdict::Stored);
}

TEST_CASE("a late event of a lower version does not lower the floor", "[cache][PROTOCOL R4]") {
  TestCache cache;
  cache.cache.invalidate("a", {.version = 2});
  cache.put("/a/64", "second", {.version = 2});
  CHECK(cache.cache.invalidate("a", {.version = 1}).responses == 1);  // It may say more than its version does.
  cache.cache.invalidate("a", {});
  CHECK(cache.put("/a/64", "first", {.version = 1}) == StoreVerdict::BelowFloor);
}

TEST_CASE("a 304 below the floor is not stored either", "[cache][PROTOCOL R2][PROTOCOL R4]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 1s});
  cache.cache.invalidate("a", {.version = 9});
  cache.put("/a/64", "face", {.version = 9, .ttl = 1s});
  cache.clock.advance(1s);
  Asked leader = cache.get("/a/64");
  CHECK(cache.answer_not_modified(leader, {.version = 8}).verdict == StoreVerdict::BelowFloor);
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("floors are bounded", "[cache][PROTOCOL R12]") {
  TestCache cache({.floors_max = 640});
  for (int i = 0; i < 10'000; ++i) cache.cache.invalidate(std::to_string(i), {.version = 1});
  CHECK(cache.cache.statistics().floors <= 640);
  CHECK(cache.cache.statistics().floors >= 600);
}

// ---- Purges ----

TEST_CASE("a hard purge drops what it names: an avatar, a URL, or all", "[cache]") {
  TestCache cache;
  for (const char* url : {"/a/64", "/a/128", "/b/64", "/c/64"}) cache.put(url, "face");
  CHECK(cache.cache.purge_url(TestCache::key("/a/128"), PurgeMode::Hard).responses == 1);
  CHECK_FALSE(cache.holds("/a/128"));
  CHECK(cache.holds("/a/64"));
  CHECK(cache.cache.purge_avatar("b", PurgeMode::Hard).responses == 1);
  CHECK_FALSE(cache.holds("/b/64"));
  CHECK(cache.holds("/c/64"));
  CHECK(cache.cache.purge_all(PurgeMode::Hard).responses == 2);
  CHECK(cache.cache.statistics().entries == 0);
  CHECK(cache.cache.purge_all(PurgeMode::Hard).responses == 0);
}

TEST_CASE("a purge of one URL leaves the fills of the avatar's others", "[cache]") {
  TestCache cache;
  Asked purged = cache.get("/a/64"), other = cache.get("/a/128");
  CHECK(cache.cache.purge_url(TestCache::key("/a/64"), PurgeMode::Hard).fills == 1);
  CHECK(cache.answer(purged, "old").verdict == StoreVerdict::Voided);
  CHECK(cache.answer(other, "face").verdict == StoreVerdict::Stored);
}

TEST_CASE("a soft purge has what is held revalidated, and forgets marks", "[cache]") {
  TestCache cache;
  cache.put("/a/64", "face");
  cache.put("/a/128", "", {.etag = "", .status = 0});
  CHECK(cache.cache.purge_avatar("a", PurgeMode::Soft).responses == 2);
  Asked leader = cache.get("/a/64");
  REQUIRE(leader.stale());
  CHECK(cache.answer_not_modified(leader).verdict == StoreVerdict::Stored);
  CHECK(cache.get("/a/64").body() == "face");
  Asked unmarked = cache.get("/a/128");
  CHECK(unmarked.leads());
  cache.fail(unmarked);
}

TEST_CASE("a soft purge does not make what was stale already any fresher", "[cache]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 1s});
  cache.clock.advance(5s);
  cache.cache.purge_all(PurgeMode::Soft);
  CHECK(cache.cache.report("a").entries.at(0).fresh_for == -4s);
}
