// The publisher against a real Redis.
#include "feed/publisher.h"

#include "feed/proof.h"
#include "support/fake_sentinel.h"
#include "unit/feed/test_node.h"

using namespace edge;
using namespace edge::feed;
using edge::test::RedisClient;
using edge::test::RedisServer;

namespace {

struct Publishing {
  explicit Publishing(std::chrono::milliseconds lease = 20s) { options.lease = lease; }

  void run_until(const std::function<bool()>& is_so) { turn_until(loop, is_so); }
  // Begins; the outcome is there when it is.
  std::shared_ptr<std::optional<Result<Published>>> begin(UpdateEvent event,
                                                          std::optional<std::chrono::milliseconds> wait = {}) {
    auto outcome = std::make_shared<std::optional<Result<Published>>>();
    publisher().publish(std::move(event), wait,
                        [outcome](Result<Published> done) { outcome->emplace(std::move(done)); });
    return outcome;
  }
  Result<Published> publish(UpdateEvent event, std::optional<std::chrono::milliseconds> wait = {}) {
    const auto outcome = begin(std::move(event), wait);
    run_until([&] { return outcome->has_value(); });
    return **outcome;
  }
  Publisher& publisher() {
    if (!publisher_) publisher_ = std::make_unique<Publisher>(loop, options, counts);
    return *publisher_;
  }
  void run_to_connection() {
    while (!publish({.avatar = "probe"})) {
    }
  }

  // A node enters itself with that position, and no sooner is the registry young.
  void enter(const std::string& name, const std::string& position, bool is_old = true) {
    const Position none{};
    const auto proof = parse_proof(client.ask(proof_words(
        {.stream = "updates", .node = name, .lease = options.lease, .registry = options.registry, .entries_max = 1})));
    REQUIRE(proof);
    client.ask({"HSET", registry_key("updates"), name,
                proof->identity + " " + position + " " + std::to_string(options.lease.count()) + " 9999999999999"});
    if (is_old) client.ask({"HSET", identity_key("updates"), "since", "1"});
  }
  // The avatars of all events, in their order.
  std::string avatars() {
    std::string all;
    for (const auto& entry : client.ask({"XRANGE", "updates", "-", "+"}).items)
      all += entry.items.at(1).items.at(1).text + " ";
    return all;
  }

  RedisServer server;
  RedisClient client{server};
  FeedOptions options = feed_options(server);
  ShiftedClock clock;
  event::EventLoop loop{clock};
  metrics::FeedMetrics counts;

 private:
  std::unique_ptr<Publisher> publisher_;
};

constexpr const char* kNever = "0-0";
const std::string kAlready = "18446744073709551615-0";

}  // namespace

TEST_CASE("an event is published with all that it says, and its ID is told", "[feed]") {
  Publishing redis;
  const auto published = redis.publish({.avatar = "42", .version = 57, .is_delete = true, .at_ms = 5});
  REQUIRE(published);
  CHECK_FALSE(published->acknowledgement);
  const auto entries = redis.client.ask({"XRANGE", "updates", "-", "+"});
  REQUIRE(entries.items.size() == 1);
  CHECK(entries.items[0].items[0].text == published->id.text());
  const auto event = parse_update_event(entries.items[0].items[1].items);
  REQUIRE(event);
  CHECK(event->avatar == "42");
  CHECK(event->version == 57);
  CHECK(event->is_delete);
  CHECK(event->at_ms == 5);
  CHECK(redis.counts.published.value() == 1);
}

TEST_CASE("events are published in the order in which that was asked", "[feed]") {
  Publishing redis;
  redis.run_to_connection();
  std::shared_ptr<std::optional<Result<Published>>> last;
  for (const char* avatar : {"1", "2", "3", "4"}) last = redis.begin({.avatar = avatar});
  redis.run_until([&] { return last->has_value(); });
  CHECK(redis.avatars() == "probe 1 2 3 4 ");
}

TEST_CASE("the stream is trimmed to about its length", "[feed]") {
  Publishing redis;
  redis.options.length_max = 100;
  redis.run_to_connection();
  for (int i = 0; i < 400; ++i) REQUIRE(redis.publish({.avatar = std::to_string(i)}));
  const auto length = redis.client.ask({"XLEN", "updates"}).integer;
  CHECK(length >= 100);
  CHECK(length < 400);
}

TEST_CASE("where Redis cannot be had publishing fails and says why", "[feed]") {
  Publishing redis;
  SECTION("gone") { redis.server.stop(); }
  SECTION("gone, and known to be") {
    redis.run_to_connection();
    redis.server.stop();
    CHECK_FALSE(redis.publish({.avatar = "1"}));
  }
  SECTION("silent") {
    redis.options.lease = 1s;
    redis.server.pause();
  }
  SECTION("silent since") {
    redis.options.lease = 1s;
    redis.run_to_connection();
    redis.server.pause();
  }
  const std::uint64_t failed = redis.counts.publications_failed.value();
  const auto published = redis.publish({.avatar = "42"});
  REQUIRE_FALSE(published);
  CHECK_FALSE(published.error().message.empty());
  CHECK(redis.counts.publications_failed.value() == failed + 1);
}

TEST_CASE("a write that is refused is not published", "[feed]") {
  Publishing redis;
  redis.client.ask({"CONFIG", "SET", "min-replicas-to-write", "1"});
  const auto published = redis.publish({.avatar = "42"}, 10s);
  REQUIRE_FALSE(published);
  CHECK(published.error().message.find("NOREPLICAS") != std::string::npos);
}

TEST_CASE("publishing works again when Redis is back", "[feed]") {
  Publishing redis;
  redis.run_to_connection();
  redis.server.stop();
  CHECK_FALSE(redis.publish({.avatar = "1"}));
  redis.server.start();
  redis.run_to_connection();
}

TEST_CASE("who publishes too much at once is turned away", "[feed]") {
  Publishing redis;
  redis.run_to_connection();
  std::vector<std::shared_ptr<std::optional<Result<Published>>>> all;
  for (std::size_t i = 0; i <= Publisher::kJobsMax; ++i) all.push_back(redis.begin({.avatar = "1"}));
  redis.run_until([&] { return all.back()->has_value() && all.front()->has_value(); });
  CHECK(all.front()->value());
  CHECK_FALSE(all.back()->value());
}

// ---- Waits ----

TEST_CASE("a wait ends when all nodes have reached the event, and names them", "[feed][PROTOCOL R18]") {
  Publishing redis;
  redis.enter("a", kAlready);
  redis.enter("b", kNever);
  const auto outcome = redis.begin({.avatar = "42"}, 30s);
  redis.run_until([&, looks = 0]() mutable { return ++looks > 100; });
  CHECK_FALSE(outcome->has_value());
  redis.enter("b", kAlready);
  redis.run_until([&] { return outcome->has_value(); });
  REQUIRE(outcome->value());
  const auto& acknowledgement = *(*outcome)->value().acknowledgement;
  CHECK(acknowledgement.is_complete);
  CHECK_FALSE(acknowledgement.was_waited_out);
  CHECK(acknowledgement.nodes.size() == 2);
  CHECK(redis.counts.waits[metrics::WaitEnd::Applied].value() == 1);
}

TEST_CASE("a wait for a node that is silent ends with its lease", "[feed][PROTOCOL R18]") {
  Publishing redis(1s);
  redis.enter("a", kNever);
  const auto published = redis.publish({.avatar = "42"}, 30s);
  REQUIRE(published);
  CHECK(published->acknowledgement->is_complete);
  CHECK(published->acknowledgement->was_waited_out);
  CHECK(published->acknowledgement->took > 1s);
  CHECK(redis.counts.waits[metrics::WaitEnd::WaitedOut].value() == 1);
}

TEST_CASE("a wait in a registry that is young takes one lease", "[feed][PROTOCOL R18]") {
  Publishing redis(1s);
  redis.enter("a", kAlready, false);
  const auto published = redis.publish({.avatar = "42"}, 30s);
  REQUIRE(published);
  CHECK(published->acknowledgement->is_complete);
  CHECK(published->acknowledgement->was_waited_out);
}

TEST_CASE("a wait that is shorter than what it takes tells what is known", "[feed][PROTOCOL R18]") {
  Publishing redis;
  redis.enter("a", kNever);
  const auto published = redis.publish({.avatar = "42"}, 500ms);
  REQUIRE(published);
  CHECK_FALSE(published->acknowledgement->is_complete);
  CHECK(published->acknowledgement->nodes.size() == 1);
  CHECK(redis.counts.waits[metrics::WaitEnd::TimedOut].value() == 1);
}

TEST_CASE("a wait ends in time also when Redis has gone meanwhile", "[feed]") {
  Publishing redis;
  redis.enter("a", kNever);
  const auto outcome = redis.begin({.avatar = "42"}, 300ms);
  redis.run_until([&] { return redis.counts.published.value() == 1; });
  redis.server.stop();
  redis.run_until([&] { return outcome->has_value(); });
  REQUIRE(outcome->value());
  CHECK_FALSE((*outcome)->value().acknowledgement->is_complete);
}

TEST_CASE("what a failover may have lost is written again before anything is said of it", "[feed][PROTOCOL R19]") {
  Publishing redis;
  redis.enter("a", kNever);
  const auto outcome = redis.begin({.avatar = "42", .version = 7}, 30s);
  redis.run_until([&] { return redis.counts.published.value() == 1; });
  redis.server.restart_without_data();
  redis.enter("a", kAlready);  // It has applied what there was of the new life.
  redis.run_until([&] { return outcome->has_value(); });
  REQUIRE(outcome->value());
  CHECK((*outcome)->value().acknowledgement->is_complete);
  CHECK(redis.avatars() == "42 ");
  CHECK(redis.client.ask({"XREVRANGE", "updates", "+", "-"}).items.at(0).items.at(0).text ==
        (*outcome)->value().id.text());
}

// ---- What must be published however long it takes ----

TEST_CASE("what unsafe requests publish survives an outage, in its order", "[feed][PROTOCOL R5]") {
  Publishing redis;
  redis.run_to_connection();
  redis.client.ask({"DEL", "updates"});
  SECTION("gone") {
    redis.server.restart_without_data();
    redis.server.stop();
  }
  SECTION("silent") { redis.server.pause(); }
  for (const char* avatar : {"1", "2", "3"}) redis.publisher().publish_surely({.avatar = avatar});
  CHECK(redis.counts.publications_pending.value() == 3);
  redis.run_until([&, looks = 0]() mutable { return ++looks > 100; });
  CHECK(redis.counts.publications_pending.value() == 3);
  redis.publisher().publish_surely({.avatar = "4"});
  redis.server.stop();
  redis.server.start();
  redis.run_until([&] { return redis.counts.publications_pending.value() == 0; });
  CHECK(redis.avatars() == "1 2 3 4 ");
}

TEST_CASE("what Redis refuses is tried again", "[feed][PROTOCOL R5]") {
  Publishing redis;
  redis.client.ask({"CONFIG", "SET", "min-replicas-to-write", "1"});
  redis.publisher().publish_surely({.avatar = "1"});
  redis.publisher().publish_surely({.avatar = "2"});
  redis.run_until([&, looks = 0]() mutable { return ++looks > 100; });
  CHECK(redis.counts.publications_pending.value() == 2);
  redis.client.ask({"CONFIG", "SET", "min-replicas-to-write", "0"});
  redis.run_until([&] { return redis.counts.publications_pending.value() == 0; });
  CHECK(redis.avatars() == "1 2 ");
}

TEST_CASE("many are published at once, in their order", "[feed][PROTOCOL R5]") {
  Publishing redis;
  redis.server.stop();
  std::string expected;
  for (int i = 0; i < 1'000; ++i) {
    redis.publisher().publish_surely({.avatar = std::to_string(i)});
    expected += std::to_string(i) + " ";
  }
  redis.server.start();
  redis.run_until([&] { return redis.counts.publications_pending.value() == 0; });
  CHECK(redis.counts.published.value() == 1'000);
  CHECK(redis.avatars() == expected);
}

TEST_CASE("the queue of what waits for Redis is bounded: the oldest is given up, and counted", "[feed][PROTOCOL R5]") {
  Publishing redis;
  redis.server.stop();
  for (std::size_t i = 0; i < Publisher::kPendingMax + 2; ++i)
    redis.publisher().publish_surely({.avatar = std::to_string(i)});
  CHECK(redis.counts.publications_pending.value() == Publisher::kPendingMax);
  CHECK(redis.counts.publications_given_up.value() == 2);
  redis.server.start();
  redis.run_until([&] { return redis.counts.published.value() > 0; });
  CHECK(redis.client.ask({"XRANGE", "updates", "-", "+", "COUNT", "1"}).items.at(0).items.at(1).items.at(1).text ==
        "2");
}

// ---- Leaving ----

TEST_CASE("a node that leaves is taken out of the registry", "[feed][PROTOCOL R17]") {
  Publishing redis;
  redis.enter("node", kNever);
  redis.enter("other", kNever);
  redis.run_to_connection();
  bool is_done = false;
  redis.publisher().leave(0ms, [&] { is_done = true; });
  redis.run_until([&] { return is_done; });
  CHECK(redis.client.ask({"HKEYS", registry_key("updates")}).items.size() == 1);
  CHECK(redis.client.ask({"HEXISTS", registry_key("updates"), "other"}).integer == 1);
}

TEST_CASE("what is to be published is, before a node leaves", "[feed][PROTOCOL R5]") {
  Publishing redis;
  redis.enter("node", kNever);
  redis.run_to_connection();
  redis.client.ask({"DEL", "updates"});
  for (int i = 0; i < 1'000; ++i) redis.publisher().publish_surely({.avatar = std::to_string(i)});
  bool is_done = false;
  redis.publisher().leave(0ms, [&] { is_done = true; });
  redis.run_until([&] { return is_done; });
  CHECK(redis.client.ask({"XLEN", "updates"}).integer == 1'000);
  CHECK(redis.client.ask({"HLEN", registry_key("updates")}).integer == 0);
}

TEST_CASE("a node that leaves waits for Redis as long as it may with what is to be published", "[feed][PROTOCOL R5]") {
  Publishing redis;
  SECTION("gone") { redis.server.stop(); }
  SECTION("lost") {
    redis.run_to_connection();
    redis.server.stop();
  }
  redis.publisher().publish_surely({.avatar = "1"});
  bool is_done = false;
  redis.publisher().leave(60s, [&] { is_done = true; });
  bool is_later = false;
  event::Timer later(redis.loop, [&] { is_later = true; });
  later.arm(100ms);
  redis.run_until([&] { return is_later; });
  CHECK_FALSE(is_done);
  redis.server.start();
  redis.run_until([&] { return is_done; });
  CHECK(redis.counts.publications_pending.value() == 0);
}

TEST_CASE("leaving takes no longer than a moment where Redis is away", "[feed]") {
  Publishing redis;
  const bool has_something_to_say = GENERATE(false, true);
  SECTION("gone") { redis.server.stop(); }
  SECTION("silent") {
    redis.run_to_connection();
    redis.server.pause();
  }
  if (has_something_to_say) redis.publisher().publish_surely({.avatar = "1"});
  bool is_done = false;
  redis.publisher().leave(0ms, [&] { is_done = true; });
  redis.run_until([&] { return is_done; });
}

TEST_CASE("what a primary took that sentinels have replaced is written again before anything is said of it",
          "[feed][PROTOCOL R19]") {
  RedisServer before(RedisServer::On::APortToo), after(RedisServer::On::APortToo);
  test::FakeSentinel sentinel;
  sentinel.name(before.port(), 1);
  Publishing feed(4s);
  feed.options.url = url_of(sentinel);
  RedisClient deposed(before), primary(after);
  const auto outcome = feed.begin({.avatar = "a"}, 60s);
  feed.run_until([&] { return deposed.ask({"XLEN", "updates"}).integer == 1; });
  sentinel.name(after.port(), 2);
  feed.run_until([&] { return primary.ask({"XLEN", "updates"}).integer == 1; });
  CHECK_FALSE(outcome->has_value());
  feed.run_until([&] { return outcome->has_value(); });
  REQUIRE(**outcome);
  CHECK((**outcome)->id.text() == primary.ask({"XRANGE", "updates", "-", "+"}).items.at(0).items.at(0).text);
}

TEST_CASE("where sentinels know no primary publishing fails with their words", "[feed]") {
  test::FakeSentinel sentinel;
  Publishing feed;
  feed.options.url = url_of(sentinel);
  const auto outcome = feed.publish({.avatar = "a"});
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().message == "sentinel " + sentinel.place() + ": no master named 'faces'");
  CHECK(feed.counts.sentinel_asks_failed.value() == 1);
}
