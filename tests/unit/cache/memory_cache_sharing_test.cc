// With whom a request may share a fill where the feed is not heard: the registry, and who arrived when.
#include "support/catch.h"
#include "unit/cache/leased_cache.h"

using namespace edge;
using namespace edge::cache;

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
