// What is taken from the Redis tier, and what is not.
#include "support/catch.h"
#include "unit/cache/leased_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

// A node with a lease and a tier, proven up to event 10.
struct TieredCache : LeasedCache {
  explicit TieredCache(const CacheOptions& options = {}) : LeasedCache(options) {
    cache.use_tier();
    cache.begin_generation({5, 0});
    prove();
    hear(10);
  }

  // Events up to that one have been applied, and are proven.
  void hear(std::uint64_t number) {
    cache.set_applied({number, 0});
    cache.set_proven({number, 0});
  }
  void update(std::uint64_t number, const std::string& avatar = "a", std::optional<std::uint64_t> version = {}) {
    cache.invalidate(avatar, {.id = {number, 0}, .version = version});
  }
  bool may_ask(const Asked& leader) { return cache.may_ask_tier(permit_of(leader), clock.now()); }
  // The tier has it, and everything up to that event taken into account.
  std::optional<FillEnded> tier_has(Asked& leader, std::uint64_t known_to, const Said& said = {}) {
    return cache.store_from_tier(std::get<Lead>(leader.found).permit, {known_to, 0},
                                 response(leader.url, "tier", said));
  }
  static const FillPermit& permit_of(const Asked& leader) { return std::get<Lead>(leader.found).permit; }
};

// Nothing has happened: whoever leads asks the origin, and stores what it says.
void check_still_leads(TieredCache& cache, Asked& leader) {
  Asked waiter = cache.get(leader.url);
  REQUIRE(waiter.joined());
  CHECK(cache.answer(leader, "origin").waiters == std::vector{leader.waiter, waiter.waiter});
  CHECK(cache.get(leader.url).body() == "origin");
}

}  // namespace

TEST_CASE("what the tier has ends the fill, and is held", "[cache][PROTOCOL R20]") {
  TieredCache cache;
  Asked leader = cache.get("/a/64"), waiter = cache.get("/a/64");
  CHECK(cache.may_ask(leader));
  const auto ended = cache.tier_has(leader, 10, {.ttl = 60s});
  REQUIRE(ended);
  CHECK(ended->verdict == StoreVerdict::Stored);
  CHECK(ended->waiters == std::vector{leader.waiter, waiter.waiter});
  CHECK(ended->usable_until == cache.clock.now() + 60s);
  CHECK(cache.get("/a/64").body() == "tier");
}

TEST_CASE("what the tier has takes the place of what was held", "[cache][PROTOCOL R20]") {
  TieredCache cache;
  cache.put("/a/64", "stale", {.ttl = 1s});
  cache.clock.advance(2s);
  Asked leader = cache.get("/a/64");
  REQUIRE(leader.stale());
  REQUIRE(cache.tier_has(leader, 10));
  CHECK(cache.get("/a/64").body() == "tier");
  CHECK(cache.cache.statistics().entries == 1);
}

// ---- Refusals; the permit is whole after each ----

TEST_CASE("a fill that an event has voided takes nothing from the tier", "[cache][PROTOCOL R1][PROTOCOL R20]") {
  TieredCache cache;
  Asked leader = cache.get("/a/64");
  cache.update(11);
  cache.hear(11);
  CHECK_FALSE(cache.tier_has(leader, 11));
  CHECK(cache.answer(leader, "origin").verdict == StoreVerdict::Voided);
}

TEST_CASE("a fill from before a gap takes nothing from the tier", "[cache][PROTOCOL R11][PROTOCOL R20]") {
  TieredCache cache;
  Asked leader = cache.get("/a/64");
  cache.cache.begin_generation({20, 0});
  cache.prove();
  CHECK_FALSE(cache.tier_has(leader, 20));
  CHECK(cache.fail(leader).verdict == StoreVerdict::Voided);
}

TEST_CASE("what the tier has from before the avatar's newest event is not taken", "[cache][PROTOCOL R20]") {
  TieredCache cache;
  cache.update(9);
  Asked leader = cache.get("/a/64");
  CHECK(cache.may_ask(leader));
  CHECK_FALSE(cache.tier_has(leader, 8));
  SECTION("and what is newer is") { CHECK(cache.tier_has(leader, 9)); }
  SECTION("and the origin may be asked") { check_still_leads(cache, leader); }
}

TEST_CASE("what the tier has from before a position that no floor is known of is not taken",
          "[cache][PROTOCOL R12][PROTOCOL R20]") {
  TieredCache cache;
  Asked leader = cache.get("/a/64");
  CHECK_FALSE(cache.tier_has(leader, 4));  // The node attached at 5.
  SECTION("and what is newer is") { CHECK(cache.tier_has(leader, 5)); }
  SECTION("and the origin may be asked") { check_still_leads(cache, leader); }
}

TEST_CASE("an avatar whose floor had to go is not believed from before it", "[cache][PROTOCOL R12][PROTOCOL R20]") {
  TieredCache cache({.floors_max = 4});
  cache.update(7);
  for (int i = 0; i < 200; ++i) cache.update(8, std::to_string(i));
  Asked leader = cache.get("/a/64");
  REQUIRE_FALSE(cache.cache.report("a").floor);
  CHECK_FALSE(cache.tier_has(leader, 6));
  CHECK(cache.tier_has(leader, 8));
}

TEST_CASE("while an event of the avatar is not proven the tier is neither asked nor believed for it",
          "[cache][PROTOCOL R21]") {
  TieredCache cache;
  cache.update(11);
  cache.cache.set_applied({11, 0});
  Asked leader = cache.get("/a/64"), other = cache.get("/b/64");
  CHECK_FALSE(cache.may_ask(leader));
  CHECK_FALSE(cache.tier_has(leader, 11));
  CHECK(cache.may_ask(other));
  CHECK(cache.tier_has(other, 10));
  SECTION("until it is proven") {
    cache.hear(11);
    CHECK(cache.may_ask(leader));
    CHECK(cache.tier_has(leader, 11));
  }
  SECTION("and the origin may be asked") { check_still_leads(cache, leader); }
}

TEST_CASE("what the tier has of an older version than an update named is not taken", "[cache][PROTOCOL R4]") {
  TieredCache cache;
  cache.update(9, "a", 5);
  Asked leader = cache.get("/a/64");
  CHECK_FALSE(cache.tier_has(leader, 10, {.version = 4}));
  SECTION("and the same version is") { CHECK(cache.tier_has(leader, 10, {.version = 5})); }
  SECTION("and the origin may be asked") { check_still_leads(cache, leader); }
}

TEST_CASE("what is no longer fresh is not taken from the tier", "[cache]") {
  TieredCache cache;
  Asked leader = cache.get("/a/64");
  CHECK_FALSE(cache.tier_has(leader, 10, {.ttl = 0s}));
  SECTION("and what is so for a moment is") { CHECK(cache.tier_has(leader, 10, {.ttl = 1ms})); }
  SECTION("and the origin may be asked") { check_still_leads(cache, leader); }
}

TEST_CASE("without a lease the tier is neither asked nor believed", "[cache][PROTOCOL R14]") {
  TieredCache cache;
  Asked leader = cache.get("/a/64");
  cache.lose_lease();
  CHECK_FALSE(cache.may_ask(leader));
  CHECK_FALSE(cache.tier_has(leader, 10));
  cache.prove();
  CHECK(cache.may_ask(leader));
  CHECK(cache.tier_has(leader, 10));
}

TEST_CASE("what was taken from the tier is no good without a lease, for nobody knows when it was asked for",
          "[cache][PROTOCOL R14][PROTOCOL R15]") {
  TieredCache cache;
  cache.clock.advance(kLease - 1s);  // The registry has the node; the lease is soon over.
  for (const char* url : {"/a/64", "/b/64"}) {
    Asked leader = cache.get(url);
    if (leader.url == "/a/64") {
      REQUIRE(cache.tier_has(leader, 10, {.ttl = 1h}));
    } else {
      cache.answer(leader, "origin", {.ttl = 1h});
    }
  }
  cache.clock.advance(1s);
  CHECK(cache.holds("/b/64"));  // R15: asked for less than a lease ago.
  CHECK_FALSE(cache.holds("/a/64"));
  cache.prove();
  CHECK(cache.get("/a/64").body() == "tier");
}

TEST_CASE("what was taken from the tier is dropped by an event like all else", "[cache][PROTOCOL R3]") {
  TieredCache cache;
  Asked leader = cache.get("/a/64");
  REQUIRE(cache.tier_has(leader, 10));
  cache.update(11);
  CHECK_FALSE(cache.holds("/a/64"));
}

// ---- R30 ----

TEST_CASE("after a purge by hand nothing of the avatar is taken from the tier", "[cache][PROTOCOL R30]") {
  TieredCache cache;
  const PurgeMode mode = GENERATE(PurgeMode::Hard, PurgeMode::Soft);
  SECTION("of the avatar") { cache.cache.purge_avatar("a", mode); }
  SECTION("of a URL") { cache.cache.purge_url(TestCache::key("/a/128"), mode); }
  Asked leader = cache.get("/a/64"), other = cache.get("/b/64");
  CHECK_FALSE(cache.may_ask(leader));
  CHECK_FALSE(cache.tier_has(leader, 10));
  CHECK(cache.may_ask(other));
  CHECK(cache.tier_has(other, 10));
  check_still_leads(cache, leader);
}

TEST_CASE("after an unsafe request nothing of the avatar is taken from the tier", "[cache][PROTOCOL R30]") {
  TieredCache cache;
  cache.cache.invalidate("a", {});
  cache.update(9);  // Its event does not change that: another's may be meant.
  Asked leader = cache.get("/a/64");
  CHECK_FALSE(cache.may_ask(leader));
  CHECK_FALSE(cache.tier_has(leader, 10));
  check_still_leads(cache, leader);
}

TEST_CASE("once the event of an unsafe request has come and is proven, the tier is believed again",
          "[cache][PROTOCOL R30]") {
  TieredCache cache;
  cache.cache.invalidate("a", {});
  cache.cache.note_published("a", {9, 0});
  Asked before = cache.get("/a/64");
  CHECK_FALSE(cache.may_ask(before));
  cache.fail(before);
  cache.update(9);
  cache.prove();
  Asked after = cache.get("/a/64");
  CHECK(cache.may_ask(after));
  CHECK_FALSE(cache.tier_has(after, 8));
  CHECK(cache.tier_has(after, 9));
}

TEST_CASE("a gap does not make the tier believed for what was purged by hand", "[cache][PROTOCOL R30]") {
  TieredCache cache;
  cache.cache.purge_avatar("a", PurgeMode::Hard);
  cache.cache.begin_generation({20, 0});
  cache.prove();
  Asked leader = cache.get("/a/64"), other = cache.get("/b/64");
  CHECK_FALSE(cache.may_ask(leader));
  CHECK_FALSE(cache.tier_has(leader, 20));
  CHECK(cache.tier_has(other, 20));
  cache.fail(leader);
}

TEST_CASE("a node without a tier remembers no purge for its sake", "[cache][PROTOCOL R30]") {
  LeasedCache cache;
  cache.cache.purge_avatar("a", PurgeMode::Hard);
  CHECK_FALSE(cache.cache.report("a").floor);
}
