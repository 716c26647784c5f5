// The reader against a real Redis: what is applied, what is proven, what is a gap.
#include "feed/feed_reader.h"

#include "feed/publication.h"
#include "support/fake_sentinel.h"
#include "unit/feed/test_node.h"

using namespace edge;
using namespace edge::feed;
using edge::test::RedisClient;
using edge::test::RedisServer;

namespace {

// A node that has attached to an empty stream.
struct Feeding {
  explicit Feeding(const std::function<void(FeedOptions&)>& change = {}) : node(changed(change)) {
    node.start();
    node.run_proofs(1);
  }
  FeedOptions changed(const std::function<void(FeedOptions&)>& change) {
    FeedOptions options = feed_options(server);
    if (change) change(options);
    return options;
  }

  std::string add(std::string_view avatar) { return client.ask({"XADD", "updates", "*", "avatar", avatar}).text; }
  // Several commands that nobody sees between.
  void at_once(const std::string& script) {
    const auto reply = client.ask({"EVAL", script, "1", "updates"});
    INFO(reply.text);
    REQUIRE_FALSE(reply.is_error());
  }
  void run_to_gap() {
    node.run_until([this] { return node.counts.gaps.value() == 1; });
    node.run_proofs(1);
  }

  RedisServer server;
  RedisClient client{server};
  TestNode node;
};

constexpr const char* kAdd = "redis.call('XADD', KEYS[1], '*', 'avatar', ";

}  // namespace

TEST_CASE("events are applied, proven, and give the position", "[feed][PROTOCOL R3][PROTOCOL R6]") {
  Feeding feed;
  CHECK(feed.node.position == cache::EventId{});
  feed.node.put("/a/64");
  feed.node.put("/a/128");
  feed.node.put("/b/64");
  const std::string id = feed.add("a");
  feed.node.run_to(id);
  CHECK_FALSE(feed.node.holds("/a/64"));
  CHECK_FALSE(feed.node.holds("/a/128"));
  CHECK(feed.node.holds("/b/64"));
  CHECK(feed.node.floor("a").text() == id);
  CHECK(feed.node.counts.events_applied.value() == 1);
  CHECK(feed.node.counts.gaps.value() == 0);
}

TEST_CASE("events are applied in their order", "[feed]") {
  Feeding feed;
  feed.at_once("for i = 1, 5 do redis.call('XADD', KEYS[1], i .. '-0', 'avatar', 'a', 'version', 10 - i) end");
  feed.node.run_to("5-0");
  CHECK(feed.node.floor("a") == cache::EventId{5, 0});
  CHECK(feed.node.cache.report("a").floor->version == 9);
  CHECK(feed.node.counts.events_applied.value() == 5);
}

TEST_CASE("what was asked before an event was applied is not stored afterwards", "[feed][PROTOCOL R1]") {
  Feeding feed;
  const http::Fields none;
  auto found = feed.node.cache.look_up(TestNode::key("/a/64"), {.fields = none}, feed.node.clock.now(), {0, 1});
  feed.node.run_to(feed.add("a"));
  auto& lead = std::get<cache::Lead>(found);
  CHECK(feed.node.cache.give_up(std::move(lead.permit)).verdict == cache::StoreVerdict::Voided);
}

TEST_CASE("malformed events are counted and passed over, and are no gap", "[feed]") {
  Feeding feed;
  feed.client.ask({"XADD", "updates", "*", "nonsense", "x"});
  feed.client.ask({"XADD", "updates", "*", "avatar", "a", "version", "many"});
  feed.client.ask({"XADD", "updates", "*", "avatar", ""});
  feed.node.run_to(feed.add("a"));
  CHECK(feed.node.counts.events_malformed.value() == 3);
  CHECK(feed.node.counts.events_applied.value() == 1);
  CHECK(feed.node.counts.gaps.value() == 0);
}

TEST_CASE("an event whose commit lies before time or after it is applied like any other", "[feed]") {
  Feeding feed;
  for (const char* at : {"0", "1763800000123000000", "9223372036854775807", "9223372036854775808",
                         "10000000000000000000", "18446744073709551615"})
    feed.client.ask({"XADD", "updates", "*", "avatar", "a", "at", at});
  feed.client.ask({"XADD", "updates", "18446744073709551614-0", "avatar", "a"});
  feed.node.run_to("18446744073709551614-0");
  CHECK(feed.node.counts.events_applied.value() == 7);
}

TEST_CASE("a node that attaches knows no earlier events, and misses none", "[feed][PROTOCOL R12]") {
  RedisServer server;
  RedisClient client{server};
  client.ask({"XADD", "updates", "*", "avatar", "a"});
  const std::string last = client.ask({"XADD", "updates", "*", "avatar", "b"}).text;
  TestNode node(feed_options(server));
  node.start();
  node.run_to(last);
  CHECK(node.counts.events_applied.value() == 0);
  CHECK(node.counts.gaps.value() == 0);
  const std::string next = client.ask({"XADD", "updates", "*", "avatar", "c"}).text;
  node.run_to(next);
  CHECK(node.counts.events_applied.value() == 1);
  CHECK(node.counts.gaps.value() == 0);
}

TEST_CASE("what came before the first proof is not held", "[feed][PROTOCOL R15]") {
  RedisServer server;
  TestNode node(feed_options(server));
  node.put("/a/64");
  CHECK_FALSE(node.has_lease());
  CHECK_FALSE(node.holds("/a/64"));
  node.start();
  node.run_proofs(1);
  CHECK(node.has_lease());
  CHECK_FALSE(node.holds("/a/64"));
  node.put("/a/64");
  CHECK(node.holds("/a/64"));
}

// ---- Gaps ----

TEST_CASE("an event that was trimmed before it was read is a gap, though a later one moves the position",
          "[feed][PROTOCOL R6][PROTOCOL R10]") {
  Feeding feed;
  feed.node.put("/a/64");
  feed.at_once(std::string(kAdd) + "'a') " + kAdd + "'b') redis.call('XTRIM', KEYS[1], 'MAXLEN', 1)");
  feed.run_to_gap();
  CHECK(feed.node.counts.identity_changes.value() == 0);
  CHECK(feed.node.cache.trust().generation() == 2);
  CHECK(feed.node.has_lease());
  CHECK_FALSE(feed.node.holds("/a/64"));
  CHECK(feed.node.cache.statistics().entries == 1);  // Nothing is dropped.
  feed.node.put("/a/64");
  CHECK(feed.node.holds("/a/64"));
}

TEST_CASE("an event that was deleted before it was read is a gap", "[feed][PROTOCOL R9]") {
  Feeding feed;
  feed.at_once(std::string("redis.call('XDEL', KEYS[1], ") + kAdd + "'a'))");
  feed.run_to_gap();
  CHECK(feed.node.has_lease());
}

TEST_CASE("a last event that is deleted after it was read is no gap and withholds no lease", "[feed][PROTOCOL R9]") {
  Feeding feed;
  const std::string id = feed.add("a");
  feed.node.run_to(id);
  feed.client.ask({"XDEL", "updates", id});
  feed.node.run_proofs(2);
  CHECK(feed.node.counts.gaps.value() == 0);
  CHECK(feed.node.has_lease());
}

TEST_CASE("what is trimmed after it was read is no gap", "[feed][PROTOCOL R9]") {
  Feeding feed;
  feed.add("a");
  feed.node.run_to(feed.add("b"));
  feed.client.ask({"XTRIM", "updates", "MAXLEN", "0"});
  feed.node.run_proofs(2);
  CHECK(feed.node.counts.gaps.value() == 0);
}

TEST_CASE("a stream that is gone is a gap, and what comes in its place is read", "[feed][PROTOCOL R10]") {
  Feeding feed;
  feed.node.run_to(feed.add("a"));
  feed.node.put("/b/64");
  SECTION("deleted") { feed.client.ask({"DEL", "updates"}); }
  SECTION("flushed") { feed.client.ask({"FLUSHALL"}); }
  SECTION("deleted, and begun anew") { feed.at_once(std::string("redis.call('DEL', KEYS[1]) ") + kAdd + "'c')"); }
  feed.run_to_gap();
  CHECK_FALSE(feed.node.holds("/b/64"));
  feed.node.run_to(feed.add("b"));
  CHECK(feed.node.counts.gaps.value() == 1);
  CHECK(feed.node.floor("b") == feed.node.position);
}

TEST_CASE("another life of the server is a gap, with its data or without", "[feed][PROTOCOL R10]") {
  Feeding feed;
  feed.node.run_to(feed.add("a"));
  feed.node.put("/b/64");
  SECTION("with") {
    feed.client.ask({"SAVE"});
    feed.server.restart_with_data();
  }
  SECTION("without") { feed.server.restart_without_data(); }
  feed.run_to_gap();
  CHECK(feed.node.counts.identity_changes.value() == 1);
  CHECK_FALSE(feed.node.holds("/b/64"));
  CHECK(feed.node.cache.statistics().floors == 0);
  feed.node.run_to(feed.add("b"));
  CHECK(feed.node.floor("b") == feed.node.position);
}

TEST_CASE("a server that was restored from a backup and gives lost IDs out again is found out",
          "[feed][PROTOCOL R10][PROTOCOL R7]") {
  Feeding feed;
  feed.client.ask({"XADD", "updates", "1-0", "avatar", "a"});
  feed.client.ask({"SAVE"});
  feed.client.ask({"XADD", "updates", "2-0", "avatar", "a"});
  feed.node.run_to("2-0");
  feed.server.restart_with_data();
  feed.node.put("/b/64");
  feed.client.ask({"XADD", "updates", "2-0", "avatar", "b"});
  feed.run_to_gap();
  CHECK(feed.node.position == cache::EventId{2, 0});
  CHECK_FALSE(feed.node.holds("/b/64"));
}

// ---- The lease ----

TEST_CASE("a write that is refused is no proof and gives no lease", "[feed][PROTOCOL R8]") {
  Feeding feed;
  feed.node.put("/a/64");
  std::vector<std::string> undo;
  SECTION("too few replicas") {
    feed.client.ask({"CONFIG", "SET", "min-replicas-to-write", "1"});
    undo = {"CONFIG", "SET", "min-replicas-to-write", "0"};
  }
  SECTION("no memory") {
    feed.client.ask({"CONFIG", "SET", "maxmemory", "1"});
    undo = {"CONFIG", "SET", "maxmemory", "0"};
  }
  SECTION("no leave") {
    feed.client.ask({"ACL", "SETUSER", "default", "-hset"});
    undo = {"ACL", "SETUSER", "default", "+hset"};
  }
  const std::uint64_t proofs = feed.node.counts.proofs.value();
  const Instant lease_until = feed.node.cache.trust().lease_until();
  feed.node.run_until([&] { return feed.node.counts.connections_lost.value() == 3; });
  CHECK(feed.node.counts.proofs.value() == proofs);
  CHECK(feed.node.cache.trust().lease_until() == lease_until);
  feed.node.clock.advance(feed.node.options.lease);
  CHECK_FALSE(feed.node.holds("/a/64"));
  feed.client.ask(undo);
  feed.node.run_proofs(1);
  CHECK(feed.node.holds("/a/64"));  // Nothing was missed.
  CHECK(feed.node.counts.gaps.value() == 0);
}

TEST_CASE("a primary that was made a replica gives no lease", "[feed][PROTOCOL R8]") {
  Feeding feed;
  feed.client.ask({"REPLICAOF", "127.0.0.1", "1"});
  const std::uint64_t proofs = feed.node.counts.proofs.value();
  feed.node.run_until([&] { return feed.node.counts.connections_lost.value() == 3; });
  CHECK(feed.node.counts.proofs.value() == proofs);
}

TEST_CASE("the lease runs from when the proof was sent, however late its answer comes", "[feed][PROTOCOL R13]") {
  RedisServer server;
  RedisClient client{server};
  FeedOptions options = feed_options(server);
  options.lease = 1min;
  TestNode node(options);
  client.ask({"CLIENT", "PAUSE", "600000", "WRITE"});  // The proof waits; greetings are answered.
  node.start();
  node.run_until([&] { return node.counts.connected.value() == 1; });
  const Instant sent_before = node.clock.now();
  node.clock.advance(10s);
  client.ask({"CLIENT", "UNPAUSE"});
  node.run_proofs(1);
  CHECK(node.leases.at(0) <= sent_before + 1min);
}

TEST_CASE("what was asked while the first proof was under way was asked before the registry had this node",
          "[feed][PROTOCOL R15]") {
  RedisServer server;
  RedisClient client{server};
  FeedOptions options = feed_options(server);
  options.lease = 1min;
  TestNode node(options);
  client.ask({"CLIENT", "PAUSE", "600000", "WRITE"});
  node.start();
  node.run_until([&] { return node.counts.connected.value() == 1; });
  const Instant meanwhile = node.clock.now();
  client.ask({"CLIENT", "UNPAUSE"});
  node.run_proofs(1);
  CHECK_FALSE(node.cache.trust().may_hold(meanwhile, node.clock.now()));
  CHECK(node.cache.trust().may_hold(node.clock.now(), node.clock.now()));
}

TEST_CASE("a server that is silent is noticed before the lease is over, and heard again", "[feed]") {
  Feeding feed([](FeedOptions& options) { options.lease = 2s; });
  feed.server.pause();
  feed.node.run_until([&] { return feed.node.counts.connections_lost.value() == 1; });
  CHECK(feed.node.has_lease());
  feed.server.resume();
  feed.node.run_proofs(1);
  CHECK(feed.node.counts.gaps.value() == 0);
  CHECK(feed.node.has_lease());
}

TEST_CASE("after a connection is lost what came meanwhile is applied, and nothing was missed", "[feed]") {
  Feeding feed;
  feed.node.put("/b/64");
  feed.client.ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
  const std::string id = feed.add("a");
  feed.node.run_to(id);
  CHECK(feed.node.counts.connections_lost.value() == 1);
  CHECK(feed.node.counts.events_applied.value() == 1);
  CHECK(feed.node.counts.gaps.value() == 0);
  CHECK(feed.node.holds("/b/64"));
}

TEST_CASE("a Redis that is not there yet is waited for", "[feed]") {
  RedisServer server;
  server.stop();
  TestNode node(feed_options(server));
  node.start();
  node.run_until([&, turns = 0]() mutable { return ++turns > 200; });
  CHECK(node.counts.connected.value() == 0);
  CHECK_FALSE(node.has_lease());
  server.start();
  node.run_proofs(1);
  CHECK(node.has_lease());
}

TEST_CASE("a back-log of more than one batch is read batch by batch, and proven at its end", "[feed]") {
  Feeding feed([](FeedOptions& options) { options.batch_max = 10; });
  // Either a read finds it, or after a while without a connection the first proof.
  SECTION("read") {}
  SECTION("proof") { feed.client.ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}); }
  feed.at_once("for i = 1, 95 do redis.call('XADD', KEYS[1], i .. '-0', 'avatar', i) end");
  std::vector<cache::EventId> proven;
  feed.node.run_until([&] {
    if (proven.empty() || proven.back() != *feed.node.position) proven.push_back(*feed.node.position);
    return feed.node.position == cache::EventId{95, 0};
  });
  CHECK(feed.node.counts.events_applied.value() == 95);
  CHECK(feed.node.counts.gaps.value() == 0);
  // No part of it counts as proven.
  CHECK(proven == std::vector<cache::EventId>{{0, 0}, {95, 0}});
}

TEST_CASE("a back-log of exactly one batch is read and proven", "[feed]") {
  Feeding feed([](FeedOptions& options) { options.batch_max = 10; });
  SECTION("read") {}
  SECTION("proof") { feed.client.ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"}); }
  feed.at_once("for i = 1, 10 do redis.call('XADD', KEYS[1], i .. '-0', 'avatar', i) end");
  feed.node.run_to("10-0");
  CHECK(feed.node.counts.gaps.value() == 0);
}

// ---- The registry ----

TEST_CASE("the registry learns soon what was applied, in which life of the server, and for how long it counts",
          "[feed][PROTOCOL R17]") {
  Feeding feed;
  const std::string id = feed.add("a");
  feed.node.run_to(id);
  const auto registry = parse_registry(feed.client.ask(registry_words("updates")));
  REQUIRE(registry);
  REQUIRE(registry->nodes.size() == 1);
  CHECK(registry->nodes[0].name == "node");
  CHECK(registry->nodes[0].identity == registry->identity);
  CHECK(registry->nodes[0].position.text() == id);
  CHECK(registry->nodes[0].lease == 4s);
}

TEST_CASE("a node whose registration has expired is not in the registry", "[feed][PROTOCOL R17]") {
  Feeding feed([](FeedOptions& options) { options.registry = 1ms; });
  const auto has_gone = [&] { return parse_registry(feed.client.ask(registry_words("updates")))->nodes.empty(); };
  while (!has_gone()) {
  }
  CHECK(feed.client.ask({"HLEN", registry_key("updates")}).integer == 0);
}

TEST_CASE("a node that leaves says so when no proof of its can reach the server any more", "[feed][PROTOCOL R17]") {
  Feeding feed;
  bool has_left = false;
  SECTION("while it reads") {}
  SECTION("while Redis is away") {
    feed.server.stop();
    feed.node.run_until([&] { return feed.node.counts.connections_lost.value() == 1; });
  }
  SECTION("while a proof is under way") {
    feed.client.ask({"CLIENT", "PAUSE", "600000", "WRITE"});
    feed.node.clock.advance(feed.node.options.lease);
    feed.client.ask({"CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"});
    feed.node.run_until([&] { return feed.node.counts.connections_lost.value() == 1; });
    feed.node.run_until([&] { return feed.node.counts.connected.value() == 1; });
    feed.node.reader.leave([&] { has_left = true; });
    feed.node.run_until([&, turns = 0]() mutable { return ++turns > 50; });
    CHECK_FALSE(has_left);
    feed.client.ask({"CLIENT", "UNPAUSE"});
    feed.node.run_until([&] { return has_left; });
    return;
  }
  feed.node.reader.leave([&] { has_left = true; });
  CHECK_FALSE(has_left);
  feed.node.run_until([&] { return has_left; });
}

TEST_CASE("a primary that sentinels have replaced is left while it still answers, and the other's life is a gap",
          "[feed][PROTOCOL R10]") {
  RedisServer before(RedisServer::On::APortToo), after(RedisServer::On::APortToo);
  test::FakeSentinel gone, behind, sentinel;
  gone.stop();
  behind.name(before.port(), 1);
  sentinel.name(before.port(), 1);
  FeedOptions options = feed_options(before);
  options.url = url_of(gone, behind, sentinel);
  options.lease = 2s;
  TestNode node(options);
  node.start();
  node.run_proofs(1);
  CHECK(node.primary == "127.0.0.1:" + std::to_string(before.port()));
  RedisClient deposed(before), primary(after);
  node.run_to(deposed.ask({"XADD", "updates", "*", "avatar", "a"}).text);
  node.put("/b/64");
  REQUIRE(node.holds("/b/64"));
  // Its ID is one that the first has never given, and will not be applied as if nothing lay between.
  primary.ask({"XADD", "updates", "*", "avatar", "b"});
  sentinel.name(after.port(), 2);
  node.run_until([&] { return node.counts.gaps.value() == 1; });
  CHECK_FALSE(node.holds("/b/64"));
  node.run_proofs(1);
  CHECK(node.primary == "127.0.0.1:" + std::to_string(after.port()));
  CHECK(node.counts.primary_switches.value() == 1);
  CHECK(node.counts.sentinel_asks_failed.value() > 0);
  // The first still takes writes, which are nobody's.
  deposed.ask({"XADD", "updates", "*", "avatar", "c"});
  node.run_to(primary.ask({"XADD", "updates", "*", "avatar", "d"}).text);
  CHECK(node.floor("c") == cache::EventId{});
  CHECK(node.counts.gaps.value() == 1);
}

TEST_CASE("a failover by sentinels gives no lease before the new primary has proven", "[feed][PROTOCOL R10]") {
  RedisServer before(RedisServer::On::APortToo), after(RedisServer::On::APortToo);
  test::FakeSentinel sentinel;
  sentinel.name(before.port(), 1);
  FeedOptions options = feed_options(before);
  options.url = url_of(sentinel);
  options.lease = 1s;
  TestNode node(options);
  node.start();
  node.run_proofs(1);
  // The sentinels have another primary, which is not one yet.
  RedisClient promoted(after);
  promoted.ask({"REPLICAOF", "127.0.0.1", "1"});
  sentinel.name(after.port(), 2);
  node.run_until([&] { return !node.has_lease(); });
  const std::uint64_t proofs = node.counts.proofs.value(), failed = node.counts.sentinel_asks_failed.value();
  node.run_until([&] { return node.counts.sentinel_asks_failed.value() > failed + 2; });
  CHECK(node.counts.proofs.value() == proofs);
  CHECK_FALSE(node.has_lease());
  CHECK(node.primary.empty());
  promoted.ask({"REPLICAOF", "NO", "ONE"});
  node.run_until([&] { return node.has_lease(); });
  CHECK(node.counts.gaps.value() == 1);
}
