// What overtakes a fill while it stands between claimed and stored. Each race is held open at a named point by a real
// thread; points before the cache is asked to store are those of tests/unit/serving/fill_races_test.cc.
#include <functional>
#include <thread>

#include "base/pause_point.h"
#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

// What may overtake it.
struct Overtaking {
  const char* name;
  void (*happens)(MemoryCache& cache);
  bool drops;  // What is held; else it is to be revalidated.
};
const Overtaking kOvertaking[] = {
    {"an event",
     [](MemoryCache& cache) {
       cache.invalidate("a", {.id = {5, 0}});
     },
     true},
    {"an event with the version that is stored", [](MemoryCache& cache) { cache.invalidate("a", {.version = 1}); },
     true},
    {"an unsafe request", [](MemoryCache& cache) { cache.invalidate("a", {}); }, true},
    {"a purge of the avatar", [](MemoryCache& cache) { cache.purge_avatar("a", PurgeMode::Hard); }, true},
    {"a purge of the URL", [](MemoryCache& cache) { cache.purge_url(TestCache::key("/a/64"), PurgeMode::Hard); }, true},
    {"a purge of all", [](MemoryCache& cache) { cache.purge_all(PurgeMode::Hard); }, true},
    {"a soft purge", [](MemoryCache& cache) { cache.purge_avatar("a", PurgeMode::Soft); }, false},
    {"a gap",
     [](MemoryCache& cache) {
       cache.begin_generation({7, 0});
     },
     false},
};

// What brings an answer home.
struct Kind {
  const char* name;
  bool is_held_before;  // A stale response stands there.
  // Claims, and answers when it is called.
  std::function<FillEnded()> (*begin)(TestCache& cache);
};

std::function<FillEnded()> begin_fill(TestCache& cache, const Said& said) {
  return
      [&cache, said, asked = std::make_shared<Asked>(cache.get("/a/64"))] { return cache.answer(*asked, "old", said); };
}
std::function<FillEnded()> begin_304(TestCache& cache) {
  return [&cache, asked = std::make_shared<Asked>(cache.get("/a/64"))] {
    return cache.answer_not_modified(*asked, {.version = 1, .ttl = 1h});
  };
}
std::function<FillEnded()> begin_refresh(TestCache& cache) {
  auto asked = std::make_shared<Asked>(cache.get("/a/64"));
  REQUIRE(std::holds_alternative<StaleHit>(asked->found));
  return [&cache, asked] {
    auto& hit = std::get<StaleHit>(asked->found);
    return cache.cache.refresh(std::move(*hit.refresh), hit.response,
                               cache.refreshed(hit.response, {.version = 1, .ttl = 1h}));
  };
}

const Kind kKinds[] = {
    {"a fill", false, [](TestCache& cache) { return begin_fill(cache, {.version = 1, .ttl = 1h}); }},
    {"a fill of a 404", false,
     [](TestCache& cache) { return begin_fill(cache, {.version = 1, .ttl = 1h, .status = 404}); }},
    {"a fill over a stale response", true,
     [](TestCache& cache) {
       cache.clock.advance(1h);  // Past stale-while-revalidate.
       return begin_fill(cache, {.version = 1, .ttl = 1h});
     }},
    {"a 304", true,
     [](TestCache& cache) {
       cache.clock.advance(1h);
       return begin_304(cache);
     }},
    {"a refresh behind an answer", true, begin_refresh},
};

// One who tells the leader its answer on a thread, and is to be caught on its way.
struct Race {
  explicit Race(const Kind& kind) {
    cache.cache.trust().require_lease(24h);
    cache.cache.trust().extend_lease(cache.clock.now());
    if (kind.is_held_before) {
      cache.put("/a/64", "old", {.version = 1, .ttl = 1s, .stale = {.while_revalidate = 10min}});
      cache.clock.advance(2s);
    }
    answer = kind.begin(cache);
  }
  void prove() { cache.cache.trust().extend_lease(cache.clock.now()); }

  TestCache cache{{.settle = 0s}};
  std::function<FillEnded()> answer;
};

}  // namespace

TEST_CASE("what overtakes a fill after it was claimed fences it", "[cache][PROTOCOL R1][PROTOCOL R2][PROTOCOL R11]") {
  for (const Kind& kind : kKinds)
    for (const Overtaking& overtaking : kOvertaking) {
      INFO(overtaking.name << " overtakes " << kind.name);
      Race race(kind);
      overtaking.happens(race.cache.cache);
      race.prove();
      CHECK(race.answer().verdict == StoreVerdict::Voided);
      CHECK_FALSE(race.cache.holds("/a/64"));
    }
}

TEST_CASE("what overtakes a fill when room has been made for its answer fences it",
          "[cache][PROTOCOL R1][PROTOCOL R2][PROTOCOL R11]") {
  for (const Kind& kind : kKinds)
    for (const Overtaking& overtaking : kOvertaking) {
      INFO(overtaking.name << " overtakes " << kind.name);
      Race race(kind);
      FillEnded ended;
      HeldPoint held("cache.room_made");
      std::thread filler([&] { ended = race.answer(); });
      held.wait_for_arrival();
      overtaking.happens(race.cache.cache);
      race.prove();
      // Nobody joins it any more; whoever comes leads.
      Asked next = race.cache.get("/a/64");
      CHECK(next.leads());
      held.let_go();
      filler.join();
      CHECK(ended.verdict == StoreVerdict::Voided);
      Asked joins = race.cache.get("/a/64");
      CHECK(joins.joined());
      const FillEnded after = race.cache.answer(next, "new", {.version = 2, .ttl = 1h});
      CHECK(after.verdict == StoreVerdict::Stored);
      CHECK(after.waiters == std::vector{next.waiter, joins.waiter});
      CHECK(race.cache.get("/a/64").body() == "new");
    }
}

TEST_CASE("what happens once an answer is stored, and before those who wait hear of it, finds it held",
          "[cache][PROTOCOL R3][PROTOCOL R10]") {
  for (const Kind& kind : kKinds)
    for (const Overtaking& overtaking : kOvertaking) {
      INFO(overtaking.name << " comes after " << kind.name);
      Race race(kind);
      FillEnded ended;
      HeldPoint held("cache.entered");
      std::thread filler([&] { ended = race.answer(); });
      held.wait_for_arrival();
      CHECK(race.cache.holds("/a/64"));
      overtaking.happens(race.cache.cache);
      race.prove();
      CHECK_FALSE(race.cache.holds("/a/64"));
      CHECK(race.cache.cache.statistics().entries == (overtaking.drops ? 0 : 1));
      held.let_go();
      filler.join();
      CHECK(ended.verdict == StoreVerdict::Stored);
      CHECK_FALSE(race.cache.holds("/a/64"));
    }
}

TEST_CASE("a fill led while another, overtaken, stands before the lock is not disturbed by it",
          "[cache][PROTOCOL R1][PROTOCOL R2]") {
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    Race race(kind);
    FillEnded ended;
    HeldPoint held("cache.room_made");
    std::thread filler([&] { ended = race.answer(); });
    held.wait_for_arrival();
    race.cache.cache.invalidate("a", {.id = {5, 0}});
    CHECK(race.cache.put("/a/64", "new", {.ttl = 1h}) == StoreVerdict::Stored);
    held.let_go();
    filler.join();
    CHECK(ended.verdict == StoreVerdict::Voided);
    CHECK(race.cache.get("/a/64").body() == "new");
  }
}

TEST_CASE("a gap counts from its first moment, before any shard has heard of it",
          "[cache][PROTOCOL R10][PROTOCOL R11]") {
  for (const Kind& kind : kKinds) {
    INFO(kind.name);
    Race race(kind);
    race.cache.put("/b/64", "held", {.ttl = 1h});
    HeldPoint held("cache.generation_begun");
    std::thread feed([&] { race.cache.cache.begin_generation({7, 0}); });
    held.wait_for_arrival();
    CHECK(race.answer().verdict == StoreVerdict::Voided);
    CHECK_FALSE(race.cache.holds("/a/64"));
    CHECK_FALSE(race.cache.holds("/b/64"));
    held.let_go();
    feed.join();
    race.prove();
    CHECK_FALSE(race.cache.holds("/b/64"));
  }
}
