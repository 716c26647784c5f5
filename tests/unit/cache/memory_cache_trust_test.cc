// What a node may believe of what it holds: lease and gap.
#include "support/catch.h"
#include "unit/cache/leased_cache.h"

using namespace edge;
using namespace edge::cache;

// ---- With a lease, and without a feed ----

TEST_CASE("without a feed what is fresh is served for as long as it is fresh", "[cache]") {
  TestCache cache;
  cache.put("/a/64", "face", {.ttl = 24h});
  cache.clock.advance(24h - 1ns);
  CHECK(cache.get("/a/64").is_hit());
}

TEST_CASE("with a lease what is fresh is served, whenever it was stored", "[cache][PROTOCOL R14]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  for (int i = 0; i < 100; ++i) {
    cache.clock.advance(kLease - 1ns);
    CHECK(cache.get("/a/64").is_hit());
    cache.prove();
  }
}

TEST_CASE("what was stored before the lease was lost is served again once there is one", "[cache][PROTOCOL R14]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.lose_lease();
  CHECK_FALSE(cache.holds("/a/64"));
  cache.prove();  // Nothing was missed.
  CHECK(cache.get("/a/64").is_hit());
}

// ---- R13 ----

TEST_CASE("a process that was stopped for a lease does not answer the first request after waking",
          "[cache][PROTOCOL R13]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  const Instant before = cache.clock.now();
  CHECK(cache.get("/a/64").is_hit());

  cache.clock.advance(kLease);  // Nothing runs meanwhile, and no timer has fired.
  Asked asked{"/a/64", {0, 1000}, {}};
  const http::Fields none;
  // The turn began before the stop, and its time is of then.
  asked.found = cache.cache.look_up(TestCache::key("/a/64"), {none}, before, asked.waiter);
  CHECK(asked.leads());
  CHECK(is_for_trust(asked));
  cache.fail(asked);
}

TEST_CASE("a lease runs from when its proof was sent, not from when it was answered", "[cache][PROTOCOL R13]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.clock.advance(5s);
  const Instant sent = cache.clock.now();
  cache.clock.advance(4s);
  cache.cache.trust().extend_lease(sent);
  CHECK(cache.cache.trust().lease_until() == sent + kLease);
  cache.clock.advance(6s - 1ns);
  CHECK(cache.get("/a/64").is_hit());
  cache.clock.advance(1ns);
  CHECK_FALSE(cache.holds("/a/64"));
}

// ---- R10, R11 ----

TEST_CASE("after a gap all that is held is revalidated before use, and nothing is dropped", "[cache][PROTOCOL R10]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.put("/b/64", "none", {.ttl = 1h, .status = 404});
  Asked under_way = cache.get("/c/64");
  const Invalidated gone = cache.cache.begin_generation({7, 0});
  CHECK(gone.responses == 2);
  CHECK(gone.fills == 1);
  cache.prove();
  CHECK(cache.cache.statistics().entries == 2);
  CHECK_FALSE(cache.cache.report("a").entries.at(0).is_trusted);

  for (const char* url : {"/a/64", "/b/64"}) {
    Asked asked = cache.get(url);
    REQUIRE(asked.leads());
    CHECK(is_for_trust(asked));
    REQUIRE(asked.stale());
    CHECK(cache.answer_not_modified(asked).verdict == StoreVerdict::Stored);
    CHECK(cache.get(url).is_hit());
  }
  CHECK(cache.cache.report("a").entries.at(0).is_trusted);
  CHECK(cache.answer(under_way, "old").verdict == StoreVerdict::Voided);
}

TEST_CASE("a failover that gives lost IDs out again is not believed to have been applied",
          "[cache][PROTOCOL R10][PROTOCOL R12]") {
  LeasedCache cache;
  cache.prove();
  cache.cache.invalidate("a", {.id = {9, 0}, .version = 9});
  cache.cache.set_applied({9, 0});
  cache.put("/a/64", "of the lost event", {.version = 9, .ttl = 1h});

  cache.cache.begin_generation({3, 0});  // The events up to 9-0 are lost, and the new server's clock is behind.
  cache.prove();
  CHECK(cache.cache.statistics().floors == 0);
  CHECK_FALSE(cache.holds("/a/64"));

  Asked early = cache.get("/a/64");
  cache.cache.invalidate("a", {.id = {5, 0}, .version = 4});
  cache.cache.set_applied({5, 0});
  REQUIRE(cache.cache.report("a").floor);
  CHECK(cache.cache.report("a").floor->id == EventId{5, 0});
  CHECK(cache.cache.report("a").floor->version == 4);
  CHECK(cache.answer(early, "old").verdict == StoreVerdict::Voided);
  CHECK(cache.put("/a/64", "new", {.version = 4, .ttl = 1h}) == StoreVerdict::Stored);
  CHECK(cache.get("/a/64").body() == "new");
}

TEST_CASE("what was asked before a gap counts as before it, whenever its answer comes", "[cache][PROTOCOL R11]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/b/64", "old", {.ttl = 1s});
  cache.put("/c/64", "old", {.ttl = 1s, .stale = {.while_revalidate = 1h}});
  cache.clock.advance(1s);
  Asked fills = cache.get("/a/64"), revalidates = cache.get("/b/64"), refreshes = cache.get("/c/64");
  REQUIRE(stale_hit(refreshes));
  cache.cache.begin_generation({7, 0});
  cache.prove();

  CHECK(cache.answer(fills, "old").verdict == StoreVerdict::Voided);
  CHECK(cache.answer_not_modified(revalidates).verdict == StoreVerdict::Voided);
  CHECK(cache.cache
            .refresh(std::move(*stale_hit(refreshes)->refresh), stale_hit(refreshes)->response,
                     cache.refreshed(stale_hit(refreshes)->response))
            .verdict == StoreVerdict::Voided);
  for (const char* url : {"/a/64", "/b/64", "/c/64"}) CHECK_FALSE(cache.holds(url));
}

TEST_CASE("a lease that was given before a gap is worth nothing after it", "[cache][PROTOCOL R10][PROTOCOL R11]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.cache.begin_generation({7, 0});
  CHECK_FALSE(cache.cache.trust().has_lease(cache.clock.now()));
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("nobody joins what was asked before a gap", "[cache][PROTOCOL R10]") {
  LeasedCache cache;
  cache.prove();
  Asked before = cache.get("/a/64");
  cache.cache.begin_generation({7, 0});
  cache.prove();
  Asked after = cache.get("/a/64");
  CHECK(after.leads());
  cache.fail(before);
  CHECK(cache.answer(after, "face", {.ttl = 1h}).verdict == StoreVerdict::Stored);
}

// ---- R14 ----

TEST_CASE("without a lease a stored response is revalidated once, others wait, then it is served for one lease",
          "[cache][PROTOCOL R14]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.lose_lease();

  Asked first = cache.get("/a/64");
  REQUIRE(first.leads());
  CHECK(is_for_trust(first));
  REQUIRE(first.stale());
  const Instant sent = cache.clock.now();
  cache.clock.advance(3s);
  Asked second = cache.get("/a/64");
  CHECK(second.joined());
  CHECK(is_for_trust(second));
  const FillEnded ended = cache.answer_not_modified(first, {.ttl = 1h});
  CHECK(ended.waiters == std::vector{first.waiter, second.waiter});
  CHECK(ended.followers.empty());

  // Counted from when the revalidation was sent.
  cache.clock.advance(sent + kLease - 1ns - cache.clock.now());
  CHECK(cache.get("/a/64").is_hit());
  cache.clock.advance(1ns);
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("without a lease each stored response is revalidated for itself", "[cache][PROTOCOL R14]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.put("/a/128", "large", {.ttl = 1h});
  cache.lose_lease();
  Asked first = cache.get("/a/64");
  cache.answer_not_modified(first, {.ttl = 1h});
  CHECK(cache.get("/a/64").is_hit());
  CHECK_FALSE(cache.holds("/a/128"));
}

TEST_CASE("without a lease an event still drops what was revalidated", "[cache][PROTOCOL R3][PROTOCOL R14]") {
  LeasedCache cache;
  cache.prove();
  cache.lose_lease();
  cache.put("/a/64", "face", {.ttl = 1h});
  REQUIRE(cache.get("/a/64").is_hit());
  cache.cache.invalidate("a", {.id = {1, 0}});
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("what is held without a lease is good for its own freshness at most", "[cache][PROTOCOL R14]") {
  LeasedCache cache;
  cache.prove();
  cache.lose_lease();
  cache.put("/a/64", "face", {.ttl = 2s});
  cache.clock.advance(2s);
  Asked asked = cache.get("/a/64");
  CHECK(asked.leads());
  CHECK_FALSE(is_for_trust(asked));
  cache.fail(asked);
}

// ---- How stale is what nobody vouches for ----

TEST_CASE("what is held is stale from when it was last fresh and trusted", "[cache][PROTOCOL R16]") {
  LeasedCache cache;
  cache.prove();
  const Instant lease_until = cache.clock.now() + kLease;
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.put("/b/64", "face", {.ttl = 2s});
  const Instant fresh_until = cache.clock.now() + 2s;
  cache.clock.advance(1min);
  Asked trusted = cache.get("/a/64"), fresh = cache.get("/b/64");
  REQUIRE(trusted.leads());
  REQUIRE(fresh.leads());
  CHECK(std::get<Lead>(trusted.found).stale_usable_until == lease_until);
  CHECK(std::get<Lead>(fresh.found).stale_usable_until == fresh_until);
  cache.fail(trusted);
  cache.fail(fresh);
}

TEST_CASE("after a gap what is held was trusted for as long as the lease before it ran", "[cache][PROTOCOL R10]") {
  LeasedCache cache;
  const Instant asked_at = cache.clock.now();
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1h});
  cache.clock.advance(5s);
  cache.prove();
  const Instant lease_until = cache.clock.now() + kLease;
  cache.clock.advance(1s);
  const auto trusted_until = [&] { return cache.cache.trust().trusted_until(0, asked_at); };
  cache.cache.begin_generation({7, 0});
  CHECK(trusted_until() == lease_until);
  cache.clock.advance(1s);
  cache.prove();
  CHECK(trusted_until() == lease_until);  // Not by a lease that was given after the gap.
  cache.cache.begin_generation({8, 0});
  CHECK(trusted_until() == asked_at + kLease);  // Of two gaps ago nothing else is remembered.
}
