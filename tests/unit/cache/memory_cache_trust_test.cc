// What a node may believe of what it holds: lease, gap, registry, and the settling of the origin after an event.
#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

constexpr auto kLease = 10s;
constexpr auto kRegistry = 10min;

// A node that hears the feed, until it does not.
struct LeasedCache : TestCache {
  explicit LeasedCache(const CacheOptions& options = {}) : TestCache(options) { cache.trust().require_lease(kLease); }

  // A proof that was sent, answered and believed now.
  void prove() {
    register_node();
    cache.trust().extend_lease(clock.now());
  }
  void register_node() { cache.trust().register_node(clock.now(), clock.now() + kRegistry); }
  // Long enough for the lease to be over; the registry still has the node.
  void lose_lease() { clock.advance(kLease); }
  void lose_registry() { clock.advance(kRegistry); }

  // What a request finds that arrived at that time and looks again.
  Asked look_again(const Asked& asked, Instant arrived) {
    const http::Fields none;
    return {asked.url, asked.waiter,
            cache.look_up(key(asked.url), {.fields = none, .arrived = arrived}, clock.now(), asked.waiter)};
  }
};

StaleHit* stale_hit(Asked& asked) { return std::get_if<StaleHit>(&asked.found); }
bool is_for_trust(const Asked& asked) {
  if (const auto* lead = std::get_if<Lead>(&asked.found)) return lead->is_for_trust;
  if (const auto* joined = std::get_if<Joined>(&asked.found)) return joined->is_for_trust;
  return false;
}

}  // namespace

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

// ---- R15 ----

TEST_CASE("a node that the registry does not know answers each request by an exchange begun after it arrived",
          "[cache][PROTOCOL R15]") {
  LeasedCache cache;  // Has never proven anything.
  Asked first = cache.get("/a/64");
  REQUIRE(first.leads());
  cache.clock.advance(1ms);
  // Between their arrival and the first one's question an update may have been waited for elsewhere.
  Asked second = cache.get("/a/64");
  cache.clock.advance(1ms);
  Asked third = cache.get("/a/64");
  const Instant third_arrived = cache.clock.now();
  CHECK(second.joined());
  CHECK(third.joined());
  cache.clock.advance(1ms);
  const FillEnded ended = cache.answer(first, "face", {.ttl = 1h});
  CHECK(ended.verdict == StoreVerdict::Stored);
  CHECK(ended.waiters == std::vector{first.waiter});
  CHECK(ended.followers == std::vector{second.waiter, third.waiter});

  // They look again: the first of them leads, and the other shares its exchange.
  Asked leads = cache.look_again(second, third_arrived - 1ms);
  REQUIRE(leads.leads());
  Asked shares = cache.look_again(third, third_arrived);
  REQUIRE(shares.joined());
  cache.clock.advance(1ms);
  const FillEnded next = cache.answer_not_modified(leads, {.ttl = 1h});
  CHECK(next.waiters == std::vector{second.waiter, third.waiter});

  // What was asked after a request had come may answer it from what is stored.
  CHECK(cache.look_again(third, third_arrived).is_hit());
  // Not one that comes now.
  CHECK_FALSE(cache.holds("/a/64"));
}

TEST_CASE("what was asked for before the registry had this node is not held without a lease", "[cache][PROTOCOL R15]") {
  LeasedCache cache;
  cache.put("/a/64", "before", {.ttl = 1h});
  cache.clock.advance(1ms);
  cache.register_node();
  cache.put("/b/64", "since", {.ttl = 1h});
  CHECK_FALSE(cache.holds("/a/64"));
  CHECK(cache.holds("/b/64"));
}

TEST_CASE("when the registry has forgotten this node nothing is held any more", "[cache][PROTOCOL R15]") {
  LeasedCache cache;
  cache.prove();
  cache.clock.advance(kRegistry - 1ms);
  cache.put("/a/64", "face", {.ttl = 1h});
  CHECK(cache.holds("/a/64"));
  cache.clock.advance(1ms);
  CHECK_FALSE(cache.holds("/a/64"));
}

// ---- R16 ----

TEST_CASE("without a lease a request joins only what was asked less than a lease ago", "[cache][PROTOCOL R16]") {
  LeasedCache cache;
  cache.prove();
  cache.lose_lease();
  Asked slow = cache.get("/a/64");
  cache.clock.advance(kLease - 1ns);
  Asked joins = cache.get("/a/64");
  cache.clock.advance(1ns);
  Asked follows = cache.get("/a/64");
  CHECK(joins.joined());
  CHECK(follows.joined());
  const FillEnded ended = cache.answer(slow, "face");
  CHECK(ended.waiters == std::vector{slow.waiter, joins.waiter});
  CHECK(ended.followers == std::vector{follows.waiter});
}

TEST_CASE("with a lease a request joins what was asked at any time", "[cache][PROTOCOL R16]") {
  LeasedCache cache;
  cache.prove();
  Asked slow = cache.get("/a/64");
  cache.clock.advance(2 * kLease);
  cache.prove();
  Asked joins = cache.get("/a/64");
  CHECK(joins.joined());
  CHECK(cache.answer(slow, "face").waiters == std::vector{slow.waiter, joins.waiter});
}

TEST_CASE("stale-while-revalidate needs a lease", "[cache][PROTOCOL R16][rfc5861-3]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/64", "face", {.ttl = 1s, .stale = {.while_revalidate = 1h}});
  cache.clock.advance(2s);
  Asked with = cache.get("/a/64");
  REQUIRE(stale_hit(with));
  cache.cache.give_up(std::move(*stale_hit(with)->refresh));
  cache.lose_lease();
  Asked without = cache.get("/a/64");
  CHECK(without.leads());
  cache.fail(without);
  // Nor does it help that the response was asked for lately.
  cache.put("/b/64", "face", {.ttl = 1s, .stale = {.while_revalidate = 1h}});
  cache.clock.advance(2s);
  Asked lately = cache.get("/b/64");
  CHECK(lately.leads());
  cache.fail(lately);
}

TEST_CASE("those who follow a fill count against the limit, and may leave", "[cache][PROTOCOL R15]") {
  LeasedCache cache({.waiters_max = 2});
  Asked leads = cache.get("/a/64");
  cache.clock.advance(1ms);
  Asked follows = cache.get("/a/64");
  CHECK(follows.joined());
  CHECK(cache.get("/a/64").is_turned_away());
  cache.cache.leave(TestCache::key("/a/64"), follows.waiter);
  Asked another = cache.get("/a/64");
  CHECK(another.joined());
  CHECK(cache.answer(leads, "face").followers == std::vector{another.waiter});
}

TEST_CASE("those who follow a fill are told to look again however it ends", "[cache][PROTOCOL R15]") {
  const int end = GENERATE(0, 1, 2);
  LeasedCache cache;
  Asked leads = cache.get("/a/64");
  cache.clock.advance(1ms);
  Asked follows = cache.get("/a/64");
  if (end == 2) cache.cache.invalidate("a", {});
  const FillEnded ended = end == 0 ? cache.fail(leads) : cache.answer(leads, "face");
  CHECK(ended.followers == std::vector{follows.waiter});
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
