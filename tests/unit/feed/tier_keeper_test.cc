// The keeper of the tier against a real Redis: when the tier may be used, and that it is in step with the feed then.
#include "feed/tier_keeper.h"

#include "unit/feed/test_node.h"

using namespace edge;
using namespace edge::feed;
using edge::test::RedisClient;
using edge::test::RedisServer;
using tier2::Layout;

namespace {

// A site: nodes on one loop, the Redis of their feed, and that of their tier, which may be the same.
struct Site {
  explicit Site(std::unique_ptr<RedisServer> apart = nullptr)
      : own(std::move(apart)), tier_server(own ? *own : server), tier(tier_server) {}

  // A node that reads the feed; with its tier, unless that comes later.
  TestNode& start_node(bool keeps_tier = true) {
    FeedOptions options = feed_options(server, "node" + std::to_string(nodes.size()));
    options.lease = 2s;
    nodes.push_back(std::make_unique<TestNode>(options, loop));
    if (keeps_tier) nodes.back()->keep_tier(tier_server);
    nodes.back()->start();
    return *nodes.back();
  }
  TestNode& start_and_open() {
    TestNode& node = start_node();
    run_until([&] { return node.tier.is_open(); });
    return node;
  }
  void run_until(const std::function<bool()>& is_so) { turn_until(loop, is_so); }
  void run_until_opened(TestNode& node, std::uint64_t times) {
    run_until([&] { return node.metrics.tier().opened.value() >= times && node.tier.is_open(); });
  }
  // Whatever a node says on its link to the tier.
  void run_until_clean(const std::string& id, std::string_view avatar = "a") {
    run_until([&] { return clean(avatar).text() == id; });
  }

  std::string add(std::string_view avatar = "a") { return feed.ask({"XADD", "updates", "*", "avatar", avatar}).text; }

  // In the epoch that counts.
  std::string epoch() { return tier.ask({"GET", layout.epoch_key()}).text; }
  std::string guard(std::string_view avatar = "a") { return layout.guard_key(epoch(), Layout::bucket_of(avatar)); }
  cache::EventId clean(std::string_view avatar = "a") {
    return tier2::try_padded(tier.ask({"HGET", guard(avatar), "@id"}).text).value_or(cache::EventId{});
  }
  redis::Reply run(tier2::Script script, const tier2::Words& words) {
    std::vector<std::string> all{"EVAL", std::string(tier2::scripts()[script])};
    all.insert(all.end(), words.begin(), words.end());
    return tier.ask(all);
  }
  // As of the clean position.
  void put(std::string_view avatar = "a") {
    const std::string identity = tier.ask({"HGET", guard(avatar), "@identity"}).text;
    const std::string of = epoch();
    const auto end = run(tier2::Put, words_of({.epoch = of,
                                               .identity = identity,
                                               .avatar = avatar,
                                               .url = "/",
                                               .vary = {},
                                               .selecting = {},
                                               .as_of = clean(avatar),
                                               .floor = {},
                                               .put_at_ms = 4'000'000'000'000,  // Never too old.
                                               .ttl = 60s,
                                               .bytes = "face"},
                                              layout));
    REQUIRE(end.text == "stored");
  }
  bool holds(std::string_view avatar = "a") {
    const std::string of = epoch();
    const auto answer =
        tier2::parse_get(run(tier2::Get, words_of(tier2::GetCall{of, avatar, "/", {}, {}, "node"}, layout)));
    REQUIRE(answer);
    return !answer->bytes.empty();
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  const Layout layout{tier2::TierOptions{}.prefix};
  RedisServer server;
  const std::unique_ptr<RedisServer> own;  // The tier's, or null.
  const RedisServer& tier_server;
  RedisClient feed{server};
  RedisClient tier;
  std::vector<std::unique_ptr<TestNode>> nodes;
};

// Feed and tier in a Redis each.
struct SiteApart : Site {
  SiteApart() : Site(std::make_unique<RedisServer>()) {}
};

}  // namespace

// ---- Opening ----

TEST_CASE("a tier is closed until a first node has made an epoch and buckets, and then open",
          "[feed][tier2][PROTOCOL R24]") {
  Site site;
  TestNode& node = site.start_node();
  CHECK_FALSE(node.tier.is_open());
  site.run_until([&] { return node.tier.is_open(); });
  CHECK(node.tier.place()->epoch == site.epoch());
  CHECK(node.metrics.tier().epochs_moved.value() == 1);
  CHECK(node.metrics.tier().replays.value() == 0);
  for (int avatar = 0; avatar < 100; ++avatar)
    CHECK(site.tier.ask({"HGET", site.guard(std::to_string(avatar)), "@identity"}).text == node.tier.place()->identity);
}

TEST_CASE("the next node opens what is there", "[feed][tier2][PROTOCOL R26]") {
  Site site;
  site.start_and_open();
  site.put();
  TestNode& next = site.start_and_open();
  CHECK(next.metrics.tier().epochs_moved.value() == 0);
  CHECK(next.tier.place()->epoch == site.nodes[0]->tier.place()->epoch);
  CHECK(site.holds());
}

TEST_CASE("while a tier is open it is told every event, and how far the feed is proven",
          "[feed][tier2][PROTOCOL R23]") {
  Site site;
  TestNode& node = site.start_and_open();
  site.add();
  site.run_until_clean(site.add("b"));
  site.put("a");
  site.put("b");
  site.run_until_clean(site.add("a"));
  CHECK_FALSE(site.holds("a"));
  CHECK(site.holds("b"));
  site.run_until([&] { return node.metrics.tier().events_applied.value() == 3; });
  CHECK(node.metrics.tier().opened.value() == 1);
}

TEST_CASE("a tier apart from its feed is told of it all the same", "[feed][tier2][PROTOCOL R25]") {
  SiteApart site;
  TestNode& node = site.start_and_open();
  const std::string run = site.feed.ask({"INFO", "server"}).text;
  CHECK(run.find(node.tier.place()->identity.substr(0, 40)) != std::string::npos);  // The feed's life, not its own.
  site.put();
  site.run_until_clean(site.add());
  CHECK_FALSE(site.holds());
}

// ---- What a tier has missed ----

TEST_CASE("a node that starts replays what the tier has missed before it uses it", "[feed][tier2][PROTOCOL R26]") {
  Site site;
  site.start_and_open();
  site.put("a");
  site.put("b");
  site.nodes.clear();
  site.add("a");
  const std::string last = site.add("a");
  site.feed.ask({"XADD", "updates", "*", "nonsense", "x"});
  TestNode& node = site.start_and_open();
  CHECK(node.metrics.tier().replays.value() == 1);
  CHECK(node.metrics.tier().events_replayed.value() == 3);
  CHECK(node.metrics.tier().epochs_moved.value() == 0);
  CHECK_FALSE(site.holds("a"));
  CHECK(site.holds("b"));
  CHECK(site.clean() >= *cache::try_event_id(last));
}

TEST_CASE("a long way is replayed in steps", "[feed][tier2][PROTOCOL R26]") {
  Site site;
  site.start_and_open();
  site.put("1");
  site.nodes.clear();
  site.feed.ask({"EVAL", "for i = 1, 2500 do redis.call('XADD', KEYS[1], '*', 'avatar', i % 40) end", "1", "updates"});
  TestNode& node = site.start_and_open();
  CHECK(node.metrics.tier().events_replayed.value() == 2'500);
  CHECK(node.metrics.tier().epochs_moved.value() == 0);
  CHECK_FALSE(site.holds("1"));
}

TEST_CASE("a feed that no longer reaches back moves the epoch once, however many nodes notice",
          "[feed][tier2][PROTOCOL R26][PROTOCOL R27]") {
  Site site;
  site.start_and_open();
  site.put();
  const std::string before = site.epoch();
  site.nodes.clear();
  site.add();
  site.add("b");
  site.feed.ask({"XTRIM", "updates", "MAXLEN", "1"});
  for (int i = 0; i < 3; ++i) site.start_node();
  std::uint64_t moved = 0;
  for (const auto& node : site.nodes) {
    site.run_until([&] { return node->tier.is_open(); });
    moved += node->metrics.tier().epochs_moved.value();
    CHECK(node->tier.place()->epoch == site.epoch());
  }
  CHECK(moved == 1);
  CHECK(site.epoch() != before);
  CHECK_FALSE(site.holds());
}

TEST_CASE("positions that cannot be of this life of the feed move the epoch", "[feed][tier2][PROTOCOL R25]") {
  Site site;
  site.start_and_open();
  site.run_until_clean(site.add());
  site.put();
  const std::string before = site.epoch();
  site.nodes.clear();
  SECTION("of another identity") { site.tier.ask({"HSET", site.guard(), "@identity", "another"}); }
  SECTION("of another count") { site.tier.ask({"HSET", site.guard(), "@added", "0"}); }
  SECTION("past where the feed is") { site.tier.ask({"HSET", site.guard(), "@id", tier2::padded({UINT64_MAX, 0})}); }
  TestNode& node = site.start_and_open();
  CHECK(node.metrics.tier().epochs_moved.value() == 1);
  CHECK(site.epoch() != before);
  CHECK_FALSE(site.holds());
}

TEST_CASE("a tier that was put back to an earlier position is closed, and told again what it lacks",
          "[feed][tier2][PROTOCOL R23][PROTOCOL R26]") {
  Site site;
  TestNode& node = site.start_and_open();
  site.run_until_clean(site.add("b"));
  const std::string early = site.clean().text();
  site.put();
  const std::string entries = site.layout.entries_key(site.epoch(), "a");
  const std::string guard_then = site.tier.ask({"DUMP", site.guard()}).text;
  const std::string entries_then = site.tier.ask({"DUMP", entries}).text;
  site.run_until_clean(site.add());
  site.tier.ask({"RESTORE", site.guard(), "0", guard_then, "REPLACE"});
  site.tier.ask({"RESTORE", entries, "0", entries_then, "REPLACE"});
  REQUIRE(site.holds());
  site.run_until([&] { return !node.tier.is_open(); });
  site.run_until_opened(node, 2);
  CHECK(node.metrics.tier().replays.value() == 1);
  CHECK(node.metrics.tier().epochs_moved.value() == 1);  // The first.
  CHECK_FALSE(site.holds());
  CHECK(site.clean().text() != early);
}

// ---- What Redis may do ----

TEST_CASE("a guard that was evicted is born again, and what was there before is out of reach",
          "[feed][tier2][PROTOCOL R24][PROTOCOL R28]") {
  Site site;
  TestNode& node = site.start_and_open();
  site.put();
  site.tier.ask({"DEL", site.guard()});
  site.run_until([&] { return site.tier.ask({"EXISTS", site.guard()}).integer == 1; });
  CHECK_FALSE(site.holds());
  CHECK(site.tier.ask({"EXISTS", site.layout.entries_key(site.epoch(), "a")}).integer == 1);
  CHECK(node.tier.is_open());
  CHECK(node.metrics.tier().epochs_moved.value() == 1);
}

TEST_CASE("an epoch that was evicted is made anew", "[feed][tier2][PROTOCOL R27]") {
  Site site;
  TestNode& node = site.start_and_open();
  const std::string before = site.epoch();
  site.tier.ask({"DEL", site.layout.epoch_key()});
  site.run_until_opened(node, 2);
  CHECK_FALSE(site.epoch().empty());
  CHECK(site.epoch() != before);
}

TEST_CASE("an epoch that another has moved is adopted", "[feed][tier2][PROTOCOL R27]") {
  Site site;
  TestNode& node = site.start_and_open();
  site.put();
  site.tier.ask({"SET", site.layout.epoch_key(), "of-another"});
  site.run_until_opened(node, 2);
  CHECK(node.tier.place()->epoch == "of-another");
  CHECK(node.metrics.tier().epochs_moved.value() == 1);  // The first.
  CHECK_FALSE(site.holds());
}

TEST_CASE("a Redis that is lost closes the tier, and what it lacks when it is back is replayed",
          "[feed][tier2][PROTOCOL R26]") {
  SiteApart site;
  TestNode& node = site.start_and_open();
  site.put();
  site.tier.ask({"SAVE"});
  site.own->stop();
  site.run_until([&] { return !node.tier.is_open(); });
  CHECK(node.metrics.tier().connected.value() == 0);
  node.run_to(site.add());
  site.own->start();
  site.run_until_opened(node, 2);
  CHECK(node.metrics.tier().events_replayed.value() == 1);
  CHECK_FALSE(site.holds());
}

TEST_CASE("a Redis that takes no writes closes the tier until it does", "[feed][tier2][PROTOCOL R23]") {
  SiteApart site;
  TestNode& node = site.start_and_open();
  site.put();
  site.tier.ask({"REPLICAOF", "127.0.0.1", "1"});
  const std::string id = site.add();
  site.run_until([&] { return node.metrics.tier().refused.value() > 0 && !node.tier.is_open(); });
  node.run_to(id);
  CHECK(site.holds());
  CHECK_FALSE(node.tier.is_open());
  site.tier.ask({"REPLICAOF", "NO", "ONE"});
  site.run_until_opened(node, 2);
  CHECK_FALSE(site.holds());
  CHECK(node.metrics.tier().epochs_moved.value() == 1);
}

TEST_CASE("a Redis that is full is told of events all the same", "[feed][tier2][PROTOCOL R23][PROTOCOL R28]") {
  SiteApart site;
  TestNode& node = site.start_and_open();
  site.put();
  site.tier.ask({"CONFIG", "SET", "maxmemory", "1"});
  site.run_until_clean(site.add());
  CHECK_FALSE(site.holds());
  CHECK(node.tier.is_open());
  CHECK(node.metrics.tier().refused.value() == 0);
}

TEST_CASE("scripts that Redis has lost are there again, and nothing is missed", "[feed][tier2][PROTOCOL R23]") {
  Site site;
  TestNode& node = site.start_and_open();
  site.put();
  site.tier.ask({"SCRIPT", "FLUSH"});
  const std::string id = site.add();
  site.run_until_opened(node, 2);
  site.run_until_clean(id);
  CHECK_FALSE(site.holds());
}

// ---- Gaps and purges ----

TEST_CASE("a gap closes the tier at once, and it begins anew", "[feed][tier2][PROTOCOL R10]") {
  Site site;
  TestNode& node = site.start_and_open();
  site.put();
  const auto place = node.tier.place();
  SECTION("as the keeper is told of it") {
    node.keeper->on_gap();
    CHECK_FALSE(node.tier.is_open());
    site.run_until_opened(node, 2);
    CHECK(site.epoch() == place->epoch);  // Nothing was missing.
  }
  SECTION("as the reader finds it") {
    site.feed.ask({"EVAL",
                   "redis.call('XADD', KEYS[1], '*', 'avatar', 'a') redis.call('XADD', KEYS[1], '*', 'avatar', 'b') "
                   "redis.call('XTRIM', KEYS[1], 'MAXLEN', 1)",
                   "1", "updates"});
    site.run_until_opened(node, 2);
    CHECK(node.counts.gaps.value() == 1);
    CHECK(site.epoch() != place->epoch);
    CHECK_FALSE(site.holds());
  }
  SECTION("as another life of the feed is one") {
    site.server.restart_without_data();
    site.run_until_opened(node, 2);
    CHECK(node.tier.place()->identity != place->identity);
  }
}

TEST_CASE("what the tier holds of an avatar that is purged by hand is deleted", "[feed][tier2][PROTOCOL R30]") {
  SiteApart site;
  TestNode& node = site.start_and_open();
  site.put("a");
  site.put("b");
  SECTION("at once") { node.keeper->forget("a"); }
  SECTION("when the tier can be reached again") {
    site.tier.ask({"SAVE"});
    site.own->stop();
    site.run_until([&] { return !node.tier.is_open(); });
    node.keeper->forget("a");
    site.own->start();
  }
  site.run_until([&] { return node.metrics.tier().forgotten.value() == 1; });
  CHECK_FALSE(site.holds("a"));
  CHECK(site.holds("b"));
}

TEST_CASE("a purge of everything closes the tier until its epoch has moved", "[feed][tier2][PROTOCOL R30]") {
  SiteApart site;
  TestNode& node = site.start_and_open();
  site.put();
  const std::string before = site.epoch();
  node.tier.forbid();
  CHECK_FALSE(node.tier.is_open());
  node.tier.open({before, "life"});  // As by a keeper that has not heard of it yet.
  CHECK_FALSE(node.tier.is_open());
  SECTION("at once") { node.keeper->forget_all(); }
  SECTION("also where Redis is away") {
    site.tier.ask({"SAVE"});
    site.own->stop();
    site.run_until([&] { return node.metrics.tier().connected.value() == 0; });
    node.keeper->forget_all();
    site.own->start();
  }
  SECTION("twice") {
    node.tier.forbid();
    node.keeper->forget_all();
    node.keeper->forget_all();
  }
  site.run_until_opened(node, 2);
  CHECK(site.epoch() != before);
  CHECK(node.tier.place()->epoch == site.epoch());
  CHECK_FALSE(site.holds());
}

TEST_CASE("more avatars to forget than are remembered are a purge of everything", "[feed][tier2][PROTOCOL R30]") {
  SiteApart site;
  TestNode& node = site.start_and_open();
  site.put();
  const std::string before = site.epoch();
  site.tier.ask({"SAVE"});
  site.own->stop();
  site.run_until([&] { return !node.tier.is_open(); });
  for (std::size_t i = 0; i <= TierKeeper::kForgetMax; ++i) node.keeper->forget(std::to_string(i));
  site.own->start();
  site.run_until_opened(node, 2);
  CHECK(site.epoch() != before);
}

TEST_CASE("proofs that come while an epoch is being moved do not move it again", "[feed][tier2][PROTOCOL R27]") {
  SiteApart site;
  site.start_and_open();
  site.tier.ask({"HSET", site.guard(), "@identity", "another"});
  site.nodes.clear();
  const std::string before = site.epoch();
  // A keeper that the test tells of proofs.
  TestNode& node = site.start_node(false);
  node.run_proofs(1);
  bool is_wanted = false;
  tier2::TierState state;
  metrics::TierMetrics counts;
  TierKeeper keeper(site.loop, node.options, {.url = site.own->url()}, state, counts, [&] { is_wanted = true; });
  site.run_until([&] { return is_wanted; });
  const Position position{"life", {5, 0}, {5, 0}, 5};
  for (int i = 0; i < 10; ++i) keeper.on_proven(position, site.clock.now());
  is_wanted = false;
  site.run_until([&] { return is_wanted; });  // It begins anew.
  CHECK(counts.epochs_moved.value() == 1);
  CHECK(site.epoch() != before);
}
