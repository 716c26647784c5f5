#include "feed/proof.h"

#include "feed/publication.h"
#include "support/catch.h"
#include "support/redis_client.h"
#include "unit/feed/replies.h"

using namespace edge;
using namespace edge::feed;
using namespace std::chrono_literals;
using edge::test::RedisClient;
using edge::test::RedisServer;

namespace {

struct ProofFixture {
  Result<Proof> prove(const Position* position = nullptr, std::uint32_t entries_max = 1000) {
    return parse_proof(client.ask(proof_words({.stream = "updates",
                                               .node = "node",
                                               .position = position,
                                               .lease = 5s,
                                               .registry = 10min,
                                               .entries_max = entries_max})));
  }
  // The position of a node that has read everything.
  Position caught_up() {
    const auto proof = prove();
    return {proof->identity, proof->last, proof->last, proof->entries_added};
  }
  std::string add(std::string_view avatar) { return client.ask({"XADD", "updates", "*", "avatar", avatar}).text; }
  std::chrono::milliseconds identity_age() {
    return parse_registry(client.ask(registry_words("updates")))->identity_age;
  }
  // As the registry has the node.
  RegisteredNode registered() {
    const auto registry = parse_registry(client.ask(registry_words("updates")));
    REQUIRE(registry);
    REQUIRE(registry->nodes.size() == 1);
    return registry->nodes[0];
  }

  RedisServer server;
  RedisClient client{server};
};

}  // namespace

TEST_CASE("a proof of a stream that is not there yet says that nothing was ever added", "[feed]") {
  ProofFixture redis;
  const auto proof = redis.prove();
  REQUIRE(proof);
  CHECK_FALSE(proof->identity.empty());
  CHECK(proof->last == cache::EventId{});
  CHECK(proof->entries_added == 0);
  CHECK(proof->entries.empty());
}

TEST_CASE("a proof says what the newest event was and how many there were, deleted ones too", "[feed][PROTOCOL R9]") {
  ProofFixture redis;
  redis.add("1");
  const std::string last = redis.add("2");
  redis.client.ask({"XDEL", "updates", last});
  const auto proof = redis.prove();
  REQUIRE(proof);
  CHECK(proof->last.text() == last);
  CHECK(proof->entries_added == 2);
  CHECK(proof->entries.empty());  // It has no position to read on from.
}

TEST_CASE("a proof brings along what follows the position, as much as is asked for", "[feed]") {
  ProofFixture redis;
  const Position position = redis.caught_up();
  const std::string first = redis.add("1");
  redis.add("2");
  redis.add("3");
  const auto proof = redis.prove(&position, 2);
  REQUIRE(proof);
  REQUIRE(proof->entries.size() == 2);
  CHECK(proof->entries[0].items.at(0).text == first);
}

TEST_CASE("a node that has missed nothing is registered by the exchange that proves it", "[feed][PROTOCOL R17]") {
  ProofFixture redis;
  redis.add("1");
  Position position = redis.caught_up();
  position.proven = {};
  REQUIRE(redis.prove(&position));
  const RegisteredNode node = redis.registered();
  CHECK(node.name == "node");
  CHECK(node.identity == position.identity);
  CHECK(node.position == position.read);
  CHECK(node.lease == 5s);
}

TEST_CASE("a node that may have missed something is registered with what it has proven before",
          "[feed][PROTOCOL R6][PROTOCOL R17]") {
  ProofFixture redis;
  redis.add("1");
  Position position = redis.caught_up();
  std::uint32_t entries_max = 1000;
  SECTION("an event was trimmed before it was read") { position.entries_added = 0; }
  SECTION("what it read is not there any more") { position.read = {UINT64_MAX, 0}; }
  SECTION("it is of another life of the server") { position.identity = "another"; }
  SECTION("more follows than fits") {
    redis.add("2");
    entries_max = 1;
  }
  REQUIRE(redis.prove(&position, entries_max));
  CHECK(redis.registered().position == position.proven);
  position.proven = {1, 0};
  REQUIRE(redis.prove(&position, entries_max));
  CHECK(redis.registered().position == cache::EventId{1, 0});
}

TEST_CASE("IDs compare as numbers", "[feed][PROTOCOL R10]") {
  ProofFixture redis;
  redis.client.ask({"XADD", "updates", "9-1", "avatar", "1"});
  Position position = redis.caught_up();
  position.proven = {};
  position.read = {10, 0};  // Behind which the stream's tail lies.
  REQUIRE(redis.prove(&position));
  CHECK(redis.registered().position == cache::EventId{});
  position.read = {9, 0};
  position.entries_added = 0;
  REQUIRE(redis.prove(&position));
  CHECK(redis.registered().position == cache::EventId{9, 0});
}

TEST_CASE("the age of an identity is kept, and begins anew with another life of the server", "[feed][PROTOCOL R18]") {
  ProofFixture redis;
  const std::string first = redis.prove()->identity;
  redis.client.ask({"HSET", identity_key("updates"), "since", "1"});  // Since 1970.
  CHECK(redis.identity_age() > 24h * 365 * 30);
  redis.client.ask({"SAVE"});
  redis.server.restart_with_data();
  const auto proof = redis.prove();
  REQUIRE(proof);
  CHECK(proof->identity != first);
  CHECK(redis.identity_age() < 1h);
}

TEST_CASE("a write that is refused is no proof", "[feed][PROTOCOL R8]") {
  ProofFixture redis;
  REQUIRE(redis.prove());
  SECTION("too few replicas") { redis.client.ask({"CONFIG", "SET", "min-replicas-to-write", "1"}); }
  SECTION("no memory") { redis.client.ask({"CONFIG", "SET", "maxmemory", "1"}); }
  SECTION("a replica") { redis.client.ask({"REPLICAOF", "127.0.0.1", "1"}); }
  SECTION("no leave") { redis.client.ask({"ACL", "SETUSER", "default", "-hset"}); }
  SECTION("no leave for the registry") {
    redis.client.ask({"ACL", "SETUSER", "default", "resetkeys", "%R~*", "~updates"});
  }
  const auto proof = redis.prove();
  REQUIRE_FALSE(proof);
  CHECK(proof.error().code == ErrorCode::Unavailable);
}

TEST_CASE("a key that holds no stream is no feed", "[feed]") {
  ProofFixture redis;
  redis.client.ask({"SET", "updates", "text"});
  const auto proof = redis.prove();
  REQUIRE_FALSE(proof);
  CHECK(proof.error().message.find("WRONGTYPE") != std::string::npos);
}

TEST_CASE("what no script of ours answers is no proof", "[feed]") {
  const redis::Reply good = array({text("a:b"), text("3-0"), number(7), array({})});
  REQUIRE(parse_proof(good));
  CHECK(parse_proof(good)->last == cache::EventId{3, 0});
  CHECK(parse_proof(good)->entries_added == 7);
  const redis::Reply bad[] = {
      {},
      text("OK"),
      {.kind = redis::Reply::Kind::Error, .text = "READONLY"},
      array({}),
      array({text("a:b"), text("3-0"), number(7)}),
      array({number(1), text("3-0"), number(7), array({})}),
      array({text("a:b"), text("3"), number(7), array({})}),
      array({text("a:b"), text("3-x"), number(7), array({})}),
      array({text("a:b"), text("3-0"), number(7), text("")}),
      // As of a Redis before 7.
      array({text("a:b"), text("3-0"), number(-1), array({})}),
  };
  for (const redis::Reply& reply : bad) CHECK_FALSE(parse_proof(reply));
}
