// Reader and publisher together, on the thread that they have in the program.
#include "feed/feed.h"

#include "base/pause_point.h"
#include "unit/feed/test_node.h"

using namespace edge;
using namespace edge::feed;
using edge::test::RedisClient;
using edge::test::RedisServer;

namespace {

struct RunningNode {
  explicit RunningNode(const RedisServer& server, const std::string& name = "node")
      : feed(feed_options(server, ""), std::nullopt, clock, cache, metrics) {
    feed.start(name);
  }
  void wait_until(const std::function<bool()>& is_so) {
    event::EventLoop loop(clock);
    turn_until(loop, is_so);
  }

  SystemClock clock;
  cache::MemoryCache cache{{}, clock};
  metrics::Metrics metrics{1, {"here", "1"}, clock, [] { return metrics::CacheGauges{}; }};
  Feed feed;
};

}  // namespace

TEST_CASE("a node without a feed yet has no lease, and has one after its first proof", "[feed]") {
  RedisServer server;
  RunningNode node(server);
  node.wait_until([&] { return node.feed.position().has_value(); });
  CHECK(node.feed.lease_left() > 0ns);
  CHECK(node.feed.lease_left() <= 4s);
}

TEST_CASE("what one node publishes another applies, and a wait hears of both", "[feed][PROTOCOL R18]") {
  RedisServer server;
  RedisClient client{server};
  RunningNode a(server, "a"), b(server, "b");
  a.wait_until([&] { return a.feed.position() && b.feed.position(); });
  client.ask({"HSET", identity_key("updates"), "since", "1"});
  Mutex mutex;
  std::optional<Result<Published>> outcome;
  a.feed.publish({.avatar = "42", .version = 5}, 30s, [&](Result<Published> done) {
    MutexLock lock(mutex);
    outcome.emplace(std::move(done));
  });
  a.wait_until([&] {
    MutexLock lock(mutex);
    return outcome.has_value();
  });
  REQUIRE(*outcome);
  CHECK((*outcome)->acknowledgement->is_complete);
  CHECK((*outcome)->acknowledgement->nodes.size() == 2);
  // From then on no node serves anything older.
  for (const RunningNode* node : {&a, &b}) {
    REQUIRE(node->cache.report("42").floor);
    CHECK(node->cache.report("42").floor->version == 5);
  }
}

TEST_CASE("nothing says that there was a gap before what is held has become suspect", "[feed][PROTOCOL R10]") {
  RedisServer server;
  RunningNode node(server);
  node.wait_until([&] { return node.feed.position().has_value(); });
  const std::uint64_t generation = node.cache.trust().generation();
  HeldPoint held("cache.generation_begun");
  server.restart_without_data();
  held.wait_for_arrival();
  CHECK(node.cache.trust().generation() == generation + 1);
  CHECK(node.metrics.feed().gaps.value() == 0);
  held.let_go();
  node.wait_until([&] { return node.metrics.feed().gaps.value() == 1; });
}

TEST_CASE("a node that stops takes itself out of the registry", "[feed][PROTOCOL R17]") {
  RedisServer server;
  RedisClient client{server};
  RunningNode node(server);
  node.wait_until([&] { return node.feed.position().has_value(); });
  CHECK(client.ask({"HEXISTS", registry_key("updates"), "node"}).integer == 1);
  node.feed.stop();
  CHECK(client.ask({"HEXISTS", registry_key("updates"), "node"}).integer == 0);
}

TEST_CASE("what unsafe requests have changed is published before a node stops", "[feed][PROTOCOL R5]") {
  RedisServer server;
  RedisClient client{server};
  RunningNode node(server);
  node.wait_until([&] { return node.feed.position().has_value(); });
  for (int i = 0; i < 200; ++i) node.feed.publish_surely({.avatar = std::to_string(i)});
  node.feed.stop();
  CHECK(client.ask({"XLEN", "updates"}).integer == 200);
}

TEST_CASE("a node stops soon where Redis is away", "[feed]") {
  RedisServer server;
  RunningNode node(server);
  SECTION("gone") { server.stop(); }
  SECTION("silent") {
    node.wait_until([&] { return node.feed.position().has_value(); });
    server.pause();
  }
  node.feed.publish_surely({.avatar = "42"});
  node.feed.stop();
}
