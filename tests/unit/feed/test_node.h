// The parts of a node that have to do with the feed, on a loop that the test turns.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "event/timer.h"
#include "feed/feed_reader.h"
#include "feed/tier_keeper.h"
#include "http/fields.h"
#include "support/catch.h"
#include "support/redis_client.h"
#include "support/redis_server.h"

namespace edge::feed {

using namespace std::chrono_literals;

// The machine's time, which the test may put forward.
class ShiftedClock final : public Clock {
 public:
  Instant now() const override { return clock_.now() + shift_; }
  WallTime wall() const override { return clock_.wall(); }
  void advance(std::chrono::nanoseconds by) { shift_ += by; }

 private:
  SystemClock clock_;
  std::chrono::nanoseconds shift_{0};
};

// Turns a loop until something is so; fails the test when it never is.
inline void turn_until(event::EventLoop& loop, const std::function<bool()>& is_so) {
  bool is_late = false;
  event::Timer patience(loop, [&] {
    is_late = true;
    loop.stop();
  });
  patience.arm(20s);
  event::Timer look(loop, [&] {
    if (is_so()) return loop.stop();
    look.arm(1ms);
  });
  look.arm(0ms);
  loop.run();
  REQUIRE_FALSE(is_late);
}

inline FeedOptions feed_options(const test::RedisServer& server, std::string node = "node") {
  FeedOptions options;
  options.url = server.url();
  options.stream = "updates";
  options.lease = 4s;
  options.reconnect_max = 50ms;
  options.node = std::move(node);
  return options;
}

class TestNode final : private FeedFollower {
 public:
  explicit TestNode(const FeedOptions& with) : TestNode(with, nullptr) {}
  // On a loop that it has in common with other nodes.
  TestNode(const FeedOptions& with, event::EventLoop& with_others) : TestNode(with, &with_others) {}

  void start() { reader.start(); }
  void run_until(const std::function<bool()>& is_so) { turn_until(loop, is_so); }
  // Reads until the event of that ID is applied and proven.
  void run_to(const std::string& id) {
    run_until([&] { return position == cache::try_event_id(id); });
  }
  // So many proofs more.
  void run_proofs(std::uint64_t count) {
    const std::uint64_t wanted = counts.proofs.value() + count;
    run_until([&] { return counts.proofs.value() >= wanted; });
  }

  // URLs are "/AVATAR/VARIANT".
  static cache::CacheKey key(std::string_view url) { return {url.substr(1, url.find('/', 1) - 1), url}; }
  void put(std::string_view url) {
    auto found = look_up(url);
    auto& lead = std::get<cache::Lead>(found);
    const auto response = cache::StoredResponse::make(
        {.url = url, .status = 200, .born_at = clock.now(), .fresh_until = clock.now() + 24h}, {}, cache.budget());
    cache.store(std::move(lead.permit), response);
  }
  bool holds(std::string_view url) {
    auto found = look_up(url);
    if (auto* const lead = std::get_if<cache::Lead>(&found)) cache.give_up(std::move(lead->permit));
    return std::holds_alternative<cache::Hit>(found);
  }
  bool has_lease() const { return cache.trust().has_lease(clock.now()); }
  cache::EventId floor(std::string_view avatar) const {
    const auto report = cache.report(avatar);
    return report.floor ? report.floor->id : cache::EventId{};
  }

  // Keeps the tier in that Redis in step, from here on.
  void keep_tier(const test::RedisServer& server) {
    keeper = std::make_unique<TierKeeper>(loop, options, tier2::TierOptions{.url = server.url()}, tier, metrics.tier(),
                                          [this] { reader.want_proof(); });
  }

  const FeedOptions options;
  ShiftedClock clock;
  event::EventLoop own_loop{clock};
  event::EventLoop& loop;
  cache::MemoryCache cache{{.settle = 0ms}, clock};
  metrics::Metrics metrics{1, {"here", "1"}, clock, [] { return metrics::CacheGauges{}; }};
  metrics::FeedMetrics& counts = metrics.feed();
  std::optional<cache::EventId> position;
  std::vector<Instant> leases;  // Until when, by each proof.
  std::string primary;          // The server that the feed is read from.
  FeedReader reader{loop, options, cache, metrics, *this};
  tier2::TierState tier;
  std::unique_ptr<TierKeeper> keeper;  // Null without a tier.

 private:
  TestNode(const FeedOptions& with, event::EventLoop* with_others)
      : options(with), loop(with_others ? *with_others : own_loop) {
    cache.trust().require_lease(options.lease);
  }
  void on_primary(const std::string& place) override { primary = place; }
  void on_gap() override {
    if (keeper) keeper->on_gap();
  }
  void on_event(cache::EventId id, std::uint64_t entries_added, std::string_view avatar, cache::Invalidated) override {
    if (keeper) keeper->on_event(id, entries_added, avatar);
  }
  void on_proven(const Position& proven, Instant sent) override {
    position = proven.proven;
    leases.push_back(cache.trust().lease_until());
    if (keeper) keeper->on_proven(proven, sent);
  }
  cache::Lookup look_up(std::string_view url) {
    const http::Fields none;
    return cache.look_up(key(url), {.fields = none}, clock.now(), {0, ++requests_});
  }

  std::uint64_t requests_ = 0;
};

}  // namespace edge::feed
