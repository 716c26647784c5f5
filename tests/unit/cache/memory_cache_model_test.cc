// The memory cache against a model that is too simple to be wrong.
#include <array>
#include <map>
#include <random>

#include "support/catch.h"
#include "unit/cache/test_cache.h"

using namespace edge;
using namespace edge::cache;

namespace {

// What should be held, if there were room for everything.
struct Model {
  struct Kept {
    std::string body;
    Instant usable_until;
    const StoredResponse* response;
  };
  struct RunningFill {
    Asked leader;
    bool voided = false;
    std::vector<WaiterId> waiters;
    Ref<const StoredResponse> stale;
    std::uint64_t version;  // The origin's, when it was asked.
  };

  std::map<std::string, Kept> kept;
  std::map<std::string, std::uint64_t> floors;
  std::vector<RunningFill> fills;

  RunningFill* joinable(const std::string& url) {
    for (RunningFill& fill : fills)
      if (!fill.voided && fill.leader.url == url) return &fill;
    return nullptr;
  }
};

// Plays random operations on both, and compares. `has_room`: the cache never had to evict.
class Play {
 public:
  Play(unsigned seed, std::uint64_t memory_bytes, bool has_room)
      : random_(seed), cache_(CacheOptions{.memory_bytes = memory_bytes, .settle = 0ms}), has_room_(has_room) {}
  ~Play() {
    for (auto& fill : model_.fills) cache_.fail(fill.leader);
  }

  void step() {
    const std::string url = "/" + std::to_string(random_() % 4) + "/" + std::to_string(random_() % 3);
    const std::string avatar(TestCache::avatar_of(url));
    switch (random_() % 16) {
      case 0:
        return invalidate(avatar);
      case 1:
        if (random_() % 4 == 0) return purge(url, avatar);
        return;
      case 2:
        cache_.clock.advance(std::chrono::milliseconds(random_() % 400));
        return;
      case 3:
      case 4:
      case 5:
      case 6:
        if (!model_.fills.empty()) end_fill(random_() % model_.fills.size());
        return;
      default:
        return get(url);
    }
  }

  std::uint64_t used() { return cache_.cache.budget().used(); }

 private:
  void get(const std::string& url) {
    Asked asked = cache_.get(url);
    const auto kept = model_.kept.find(url);
    const bool is_fresh = kept != model_.kept.end() && cache_.clock.now() < kept->second.usable_until;
    Model::RunningFill* const running = model_.joinable(url);
    if (asked.is_hit()) {
      REQUIRE(is_fresh);
      REQUIRE(asked.body() == kept->second.body);
      return;
    }
    if (has_room_) REQUIRE_FALSE(is_fresh);
    REQUIRE(asked.joined() == (running != nullptr));
    if (running) return running->waiters.push_back(asked.waiter);
    REQUIRE(asked.leads());
    const Ref<const StoredResponse> stale = asked.stale();
    if (has_room_) REQUIRE(static_cast<bool>(stale) == (kept != model_.kept.end()));
    if (stale) REQUIRE(stale.get() == kept->second.response);
    const WaiterId waiter = asked.waiter;
    const std::uint64_t version = versions_[std::string(TestCache::avatar_of(url))];
    model_.fills.push_back({std::move(asked), false, {waiter}, stale, version});
  }

  void end_fill(std::size_t i) {
    Model::RunningFill fill = std::move(model_.fills[i]);
    model_.fills.erase(model_.fills.begin() + static_cast<std::ptrdiff_t>(i));
    const std::string url = fill.leader.url;
    // Now and then a lagging replica answers.
    const std::uint64_t version = fill.version - (fill.version > 0 && random_() % 8 == 0 ? 1 : 0);
    const auto floor = model_.floors.find(std::string(TestCache::avatar_of(url)));
    const Said said{.version = version, .ttl = std::chrono::milliseconds(random_() % 2000)};
    StoreVerdict expected = StoreVerdict::Stored;
    if (fill.voided) expected = StoreVerdict::Voided;
    if (random_() % 5 == 0) {
      const FillEnded ended = cache_.fail(fill.leader);
      REQUIRE(ended.waiters == fill.waiters);
      REQUIRE(ended.verdict == expected);
      return;
    }
    if (!fill.voided && floor != model_.floors.end() && version < floor->second) expected = StoreVerdict::BelowFloor;
    const bool not_modified = fill.stale && random_() % 2 == 0;
    const std::string body = url + " version " + std::to_string(version) + std::string(random_() % 3000, '.');
    const FillEnded ended =
        not_modified ? cache_.answer_not_modified(fill.leader, said) : cache_.answer(fill.leader, body, said);
    REQUIRE(ended.waiters == fill.waiters);
    // Evicted meanwhile, or the fills themselves hold what was.
    const bool may_fail = !has_room_ && expected == StoreVerdict::Stored;
    if (may_fail && ended.verdict == StoreVerdict::Replaced && not_modified) return;
    if (may_fail && ended.verdict == StoreVerdict::NoRoom) return;
    REQUIRE(ended.verdict == expected);
    if (ended.verdict != StoreVerdict::Stored) return;
    auto& kept = model_.kept[url];
    if (!not_modified) kept.body = body;
    kept.usable_until = cache_.clock.now() + said.ttl;
    kept.response = held(url);
  }

  // What the cache holds of a URL, fresh or not.
  const StoredResponse* held(const std::string& url) {
    Lookup found = cache_.cache.look_up(TestCache::key(url), {http::Fields{}}, Instant{}, {9, 9});
    return std::holds_alternative<Hit>(found) ? std::get<Hit>(found).response.get() : give_back(std::move(found));
  }
  const StoredResponse* give_back(Lookup found) {
    if (auto* lead = std::get_if<Lead>(&found)) cache_.cache.give_up(std::move(lead->permit));
    return nullptr;  // Evicted already.
  }

  void invalidate(const std::string& avatar) {
    std::optional<std::uint64_t> version;
    if (random_() % 2 == 0) {
      version = ++versions_[avatar];
      if (random_() % 4 == 0) --*version;  // A late event.
    }
    const Invalidated done = cache_.cache.invalidate(avatar, {.version = version});
    if (version) model_.floors[avatar] = std::max(model_.floors[avatar], *version);
    compare(done, forget([&](const std::string& url) { return TestCache::avatar_of(url) == avatar; }, false));
  }

  void purge(const std::string& url, const std::string& avatar) {
    const bool soft = random_() % 2 == 0;
    const PurgeMode mode = soft ? PurgeMode::Soft : PurgeMode::Hard;
    switch (random_() % 3) {
      case 0:
        return compare(cache_.cache.purge_url(TestCache::key(url), mode),
                       forget([&](const std::string& other) { return other == url; }, soft));
      case 1:
        return compare(cache_.cache.purge_avatar(avatar, mode),
                       forget([&](const std::string& other) { return TestCache::avatar_of(other) == avatar; }, soft));
      default:
        return compare(cache_.cache.purge_all(mode), forget([](const std::string&) { return true; }, soft));
    }
  }

  template <class Concerns>
  Invalidated forget(Concerns concerns, bool soft) {
    Invalidated done;
    for (auto it = model_.kept.begin(); it != model_.kept.end();) {
      if (!concerns(it->first)) {
        ++it;
        continue;
      }
      ++done.responses;
      if (soft) {
        it->second.usable_until = std::min(it->second.usable_until, cache_.clock.now());
        ++it;
      } else {
        it = model_.kept.erase(it);
      }
    }
    for (Model::RunningFill& fill : model_.fills)
      if (!fill.voided && concerns(fill.leader.url)) {
        fill.voided = true;
        ++done.fills;
      }
    return done;
  }

  void compare(const Invalidated& done, const Invalidated& expected) {
    REQUIRE(done.fills == expected.fills);
    if (has_room_) {
      REQUIRE(done.responses == expected.responses);
    } else {
      REQUIRE(done.responses <= expected.responses);
    }
  }

  std::mt19937 random_;
  TestCache cache_;
  const bool has_room_;
  Model model_;
  std::map<std::string, std::uint64_t> versions_;
};

}  // namespace

TEST_CASE("with room for everything the cache does what the model does", "[cache][PROTOCOL R1][PROTOCOL R2]") {
  const unsigned seed = GENERATE(1u, 2u, 3u, 4u, 5u);
  Play play(seed, 512 << 20, true);
  for (int i = 0; i < 10'000; ++i) play.step();
}

TEST_CASE("without room the cache forgets, but answers nothing that the model would not", "[cache][PROTOCOL R2]") {
  const unsigned seed = GENERATE(6u, 7u, 8u, 9u, 10u);
  Play play(seed, 20'000, false);
  for (int i = 0; i < 10'000; ++i) play.step();
  CHECK(play.used() <= 20'000);
}
