// How the memory cache keeps to its budget.
#include <random>

#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

CacheOptions with_budget(std::uint64_t bytes) {
  CacheOptions options;
  options.memory_bytes = bytes;
  options.floors_max = 6400;
  return options;
}

std::string url_of(std::uint64_t avatar, std::uint64_t variant = 0) {
  return "/" + std::to_string(avatar) + "/" + std::to_string(variant);
}

}  // namespace

TEST_CASE("the budget holds after each thing that happens, whatever the sizes", "[cache]") {
  TestCache cache(with_budget(2 << 20));
  std::mt19937 random(1);
  const auto chance = [&](unsigned n) { return random() % n == 0; };
  for (int i = 0; i < 20'000; ++i) {
    const std::string url = url_of(random() % 3000, random() % 3);
    Asked asked = cache.get(url);
    if (asked.leads()) {
      const std::size_t size = chance(50) ? random() % 200'000 : chance(3) ? random() % 20'000 : random() % 200;
      if (asked.stale() && chance(2)) {
        cache.answer_not_modified(asked);
      } else {
        const StoreVerdict verdict = cache.answer(asked, std::string(size, 'b'), {.version = 9, .ttl = 10s}).verdict;
        // Nothing is being sent, so there is always room to be made.
        REQUIRE(verdict != StoreVerdict::NoRoom);
      }
    } else if (chance(20)) {
      cache.cache.invalidate(TestCache::avatar_of(url), {.version = random() % 10});
    }
    asked.found = Joined{};
    if (chance(5)) cache.clock.advance(50ms);
    REQUIRE(cache.cache.budget().used() <= (2 << 20));
  }
  CHECK(cache.cache.statistics().entries > 100);
  CHECK(cache.cache.statistics().evicted_small > 1000);
}

TEST_CASE("floors count against the budget as well", "[cache]") {
  TestCache cache(with_budget(1 << 20));
  for (std::uint64_t i = 0; i < 100; ++i) cache.put(url_of(i), std::string(20'000, 'b'));
  for (std::uint64_t i = 1000; i < 7000; ++i) {
    cache.cache.invalidate(std::to_string(i), {.version = 1});
    REQUIRE(cache.cache.budget().used() <= (1 << 20));
  }
}

TEST_CASE("what is purged gives back every byte that it was charged", "[cache]") {
  TestCache cache;
  const auto run = [&] {
    for (std::uint64_t i = 0; i < 2000; ++i) cache.put(url_of(i % 700, i % 3), std::string(i * 37 % 50'000, 'b'));
    cache.clock.advance(1min);
    for (std::uint64_t i = 0; i < 2000; ++i) {
      Asked asked = cache.get(url_of(i % 700, i % 3));
      if (asked.leads()) cache.answer_not_modified(asked);
    }
    CHECK(cache.cache.budget().used() > 1'000'000);
    cache.cache.purge_all(PurgeMode::Hard);
  };
  run();
  // Only tables are left, and the next round needs no others.
  const std::uint64_t tables = cache.cache.budget().used();
  CHECK(tables < 64 * 1024);
  run();
  CHECK(cache.cache.budget().used() == tables);
}

TEST_CASE("a smaller budget is reached at once", "[cache]") {
  TestCache cache(with_budget(4 << 20));
  for (std::uint64_t i = 0; i < 300; ++i) cache.put(url_of(i), std::string(10'000, 'b'));
  REQUIRE(cache.cache.statistics().entries == 300);
  cache.cache.reload(with_budget(1 << 20));
  CHECK(cache.cache.budget().used() <= (1 << 20));
  CHECK(cache.cache.statistics().entries > 80);
  CHECK(cache.cache.statistics().bytes_max == (1 << 20));
}

TEST_CASE("a response that is being sent counts until that is over", "[cache]") {
  TestCache cache(with_budget(1 << 20));
  std::vector<Ref<const StoredResponse>> being_sent;
  for (std::uint64_t i = 0; i < 9; ++i) {
    cache.put(url_of(i), std::string(100'000, 'b'));
    being_sent.push_back(std::get<Hit>(cache.get(url_of(i)).found).response);
  }
  for (std::uint64_t i = 100; i < 120; ++i) cache.put(url_of(i), std::string(1'000, 'b'));

  SECTION("what would not fit beside it is not stored, and little is given up in vain") {
    CHECK(cache.put(url_of(200), std::string(300'000, 'b')) == StoreVerdict::NoRoom);
    CHECK(cache.cache.budget().used() <= (1 << 20));
    CHECK_FALSE(cache.holds(url_of(200)));
    int still_held = 0;
    for (std::uint64_t i = 0; i < 9; ++i) still_held += cache.holds(url_of(i));
    CHECK(still_held >= 6);
  }
  SECTION("what was there before does not follow what was newer and did not fit") {
    cache.limits.revalidate = true;
    Asked asked = cache.get(url_of(100));
    REQUIRE(asked.leads());
    CHECK(cache.answer(asked, std::string(300'000, 'b')).verdict == StoreVerdict::NoRoom);
    cache.limits.revalidate = false;
    CHECK_FALSE(cache.holds(url_of(100)));
  }
  SECTION("what fits is stored") { CHECK(cache.put(url_of(200), "face") == StoreVerdict::Stored); }
  SECTION("when it is over there is room again") {
    cache.put(url_of(200), std::string(300'000, 'b'));
    being_sent.clear();
    CHECK(cache.put(url_of(200), std::string(300'000, 'b')) == StoreVerdict::Stored);
    CHECK(cache.holds(url_of(200)));
  }
}

TEST_CASE("for a response larger than the budget nothing is evicted", "[cache]") {
  TestCache cache(with_budget(1 << 20));
  for (std::uint64_t i = 0; i < 20; ++i) cache.put(url_of(i), std::string(10'000, 'b'));
  CHECK(cache.put("/a/64", std::string(2 << 20, 'b')) == StoreVerdict::NoRoom);
  CHECK(cache.cache.statistics().entries == 20);
  CHECK(cache.cache.budget().used() <= (1 << 20));
}

TEST_CASE("a scan of what is asked for once leaves what is asked for again and again", "[cache]") {
  TestCache cache(with_budget(4 << 20));
  int asked_again = 0, hits = 0;
  const auto ask_popular = [&](int i) {
    Asked asked = cache.get(url_of(static_cast<std::uint64_t>(i % 60)));
    if (asked.leads()) cache.answer(asked, std::string(10'000, 'b'));
    return asked.is_hit();
  };
  for (int i = 0; i < 180; ++i) ask_popular(i);
  // Between two requests for a popular one come 600 others, and there is room for 400.
  for (int i = 0; i < 12'000; ++i) {
    cache.put(url_of(1000 + static_cast<std::uint64_t>(i)), std::string(10'000, 's'));
    if (i % 10 != 0) continue;
    ++asked_again;
    hits += ask_popular(i / 10);
  }
  CHECK(hits > asked_again / 2);
}
