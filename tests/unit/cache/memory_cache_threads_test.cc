// The memory cache under many threads: what is promised must hold at every moment. For ThreadSanitizer as well.
#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

constexpr std::size_t kAvatars = 8;

// Threads that ask, answer as the origin would, commit changes, and purge.
class Crowd {
 public:
  explicit Crowd(std::uint64_t memory_bytes) : cache_(CacheOptions{.memory_bytes = memory_bytes}) {}

  void run(unsigned threads, int steps) {
    std::vector<std::thread> crowd;
    for (unsigned i = 0; i < threads; ++i)
      crowd.emplace_back([this, i, steps] {
        std::mt19937 random(i);
        for (int step = 0; step < steps; ++step) act(random, i);
      });
    for (std::thread& one : crowd) one.join();
  }

  std::uint64_t old_answers() const { return old_answers_; }
  std::uint64_t hits() const { return hits_; }
  std::uint64_t voided() const { return voided_; }
  std::uint64_t lost_waiters() const { return waiting_.load(); }
  MemoryCache& cache() { return cache_.cache; }

 private:
  void act(std::mt19937& random, unsigned thread) {
    const std::size_t avatar = random() % kAvatars;
    switch (random() % 32) {
      case 0:
        return change(avatar, random() % 2 == 0);
      case 1:
        cache_.cache.purge_url(key(avatar, random() % 2), random() % 2 == 0 ? PurgeMode::Soft : PurgeMode::Hard);
        return;
      case 2:
        if (random() % 32 == 0) cache_.cache.purge_all(PurgeMode::Hard);
        return;
      case 3:
        cache_.cache.report(key(avatar, 0).avatar);
        cache_.cache.statistics();
        return;
      default:
        return ask(avatar, random() % 2, random, thread);
    }
  }

  // Committed at the origin, then applied here; from then on nothing older may be answered.
  void change(std::size_t avatar, bool says_version) {
    const std::uint64_t version = ++committed_[avatar];
    cache_.cache.invalidate(key(avatar, 0).avatar, {.version = says_version ? std::optional{version} : std::nullopt});
    std::uint64_t before = applied_[avatar].load();
    while (before < version && !applied_[avatar].compare_exchange_weak(before, version)) {
    }
  }

  void ask(std::size_t avatar, std::size_t variant, std::mt19937& random, unsigned thread) {
    const std::uint64_t promised = applied_[avatar].load();
    const CacheKey asked = key(avatar, variant);
    Lookup found = cache_.cache.look_up(asked, {http::Fields{}}, cache_.clock.now(), {thread, random()});
    if (const auto* hit = std::get_if<Hit>(&found)) {
      ++hits_;
      if (*hit->response->version() < promised) ++old_answers_;
      return;
    }
    if (std::holds_alternative<Joined>(found)) ++waiting_;
    auto* const lead = std::get_if<Lead>(&found);
    if (!lead) return;
    ++waiting_;
    // The origin is asked now and answers later.
    const std::uint64_t version = committed_[avatar].load();
    for (unsigned i = random() % 4; i > 0; --i) std::this_thread::yield();
    const Said said{.version = version, .ttl = 1h};
    FillEnded ended;
    if (random() % 8 == 0) {
      ended = cache_.cache.give_up(std::move(lead->permit));
    } else if (lead->stale && random() % 2 == 0 && *lead->stale->version() == version) {
      ended = cache_.cache.refresh(std::move(lead->permit), lead->stale, cache_.refreshed(lead->stale, said));
    } else {
      ended = cache_.cache.store(std::move(lead->permit),
                                 cache_.response(asked.url, std::string(random() % 4000, 'b'), said));
    }
    if (ended.verdict == StoreVerdict::Voided) ++voided_;
    waiting_ -= ended.waiters.size();
  }

  CacheKey key(std::size_t avatar, std::size_t variant) {
    static const std::array<std::string_view, kAvatars * 2> urls{"/0/a", "/1/a", "/2/a", "/3/a", "/4/a", "/5/a",
                                                                 "/6/a", "/7/a", "/0/b", "/1/b", "/2/b", "/3/b",
                                                                 "/4/b", "/5/b", "/6/b", "/7/b"};
    return TestCache::key(urls[avatar + variant * kAvatars]);
  }

  TestCache cache_;
  std::array<std::atomic<std::uint64_t>, kAvatars> committed_{};
  std::array<std::atomic<std::uint64_t>, kAvatars> applied_{};
  std::atomic<std::uint64_t> old_answers_{0}, hits_{0}, voided_{0};
  std::atomic<std::uint64_t> waiting_{0};
};

}  // namespace

TEST_CASE("once an event is applied no thread is answered with anything older", "[cache][PROTOCOL R1][PROTOCOL R3]") {
  Crowd crowd(64 << 20);
  crowd.run(4, 20'000);
  CHECK(crowd.old_answers() == 0);
  CHECK(crowd.lost_waiters() == 0);
  CHECK(crowd.hits() > 1000);
  CHECK(crowd.voided() > 10);
}

TEST_CASE("the same while everything is being evicted", "[cache][PROTOCOL R1][PROTOCOL R3]") {
  Crowd crowd(24'000);
  crowd.run(4, 10'000);
  CHECK(crowd.old_answers() == 0);
  CHECK(crowd.lost_waiters() == 0);
  CHECK(crowd.cache().budget().used() <= 24'000);
  CHECK(crowd.cache().statistics().evicted_small > 100);
}
