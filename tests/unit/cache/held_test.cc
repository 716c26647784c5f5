// What a process that is to take this one's place is given.
#include "support/catch.h"
#include "unit/cache/leased_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

std::vector<std::string> urls_held(LeasedCache& cache) {
  std::vector<std::string> urls;
  for (std::size_t shard = 0; shard < cache.cache.shards(); ++shard)
    for (const HeldResponse& held : cache.cache.held(shard, cache.cache.trust().generation()))
      urls.emplace_back(held.response->url());
  std::ranges::sort(urls);
  return urls;
}

}  // namespace

TEST_CASE("all that is fresh is held", "[cache][held]") {
  LeasedCache cache;
  cache.prove();
  cache.put("/a/1", "one", {.ttl = 60s});
  cache.put("/b/2", "two", {.ttl = 1s});
  CHECK(urls_held(cache) == std::vector<std::string>{"/a/1", "/b/2"});
  cache.clock.advance(2s);
  CHECK(urls_held(cache) == std::vector<std::string>{"/a/1"});
}

TEST_CASE("what was dropped, softly purged, or is of before a gap is not", "[cache][held]") {
  LeasedCache cache;
  cache.prove();
  for (const std::string url : {"/a/1", "/b/2", "/c/3"}) cache.put(url, "picture", {.ttl = 60s});
  cache.cache.invalidate("a", {.id = {10, 0}});
  cache.cache.purge_avatar("b", PurgeMode::Soft);
  CHECK(urls_held(cache) == std::vector<std::string>{"/c/3"});
  cache.cache.begin_generation({11, 0});
  cache.prove();
  CHECK(urls_held(cache).empty());
}

TEST_CASE("of a shard what was asked for last comes first", "[cache][held]") {
  LeasedCache cache;
  cache.prove();
  for (const std::string url : {"/a/1", "/a/2", "/a/3"}) {
    cache.put(url, "picture", {.ttl = 60s});
    cache.clock.advance(1s);
  }
  CHECK(cache.get("/a/1").body() == "picture");
  for (std::size_t shard = 0; shard < cache.cache.shards(); ++shard) {
    const auto held = cache.cache.held(shard, cache.cache.trust().generation());
    if (held.empty()) continue;
    REQUIRE(held.size() == 3);
    CHECK(held[0].response->url() == "/a/1");
    CHECK(held[1].response->url() == "/a/3");
    CHECK(held[2].response->url() == "/a/2");
  }
}
