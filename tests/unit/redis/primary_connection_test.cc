#include "redis/primary_connection.h"

#include "support/catch.h"
#include "support/fake_sentinel.h"
#include "support/redis_client.h"
#include "support/redis_server.h"

using namespace edge;
using namespace edge::redis;
using edge::test::FakeSentinel;
using edge::test::RedisClient;
using edge::test::RedisServer;
using edge::test::url_of;
using namespace std::chrono_literals;

namespace {

constexpr auto kPort = RedisServer::On::APortToo;

// One connection after the other, and a loop that runs until something has come.
struct Client {
  Client() {
    memory.on_switch = [this] { ++switches; };
    memory.on_ask_failed = [this] { ++asks_failed; };
  }
  // Until it is ready or has ended.
  std::string connect(const RedisUrl& url) {
    states.clear();
    make(url);
    loop.run();
    return states.back();
  }
  void make(const RedisUrl& url) {
    connection = std::make_unique<PrimaryConnection>(
        loop, url, 10s, memory,
        [this](const Status& state) {
          states.push_back(state ? "ready" : state.error().message);
          loop.stop();
        },
        1ms);
  }
  std::string ask(const std::vector<std::string_view>& words) {
    std::string answer = "none yet";
    connection->command(words, 10s, [&](const Result<Reply>& reply) {
      answer = reply ? reply->text : "none";
      loop.stop();
    });
    while (answer == "none yet") loop.run();
    return answer;
  }
  // Turns the loop, with the connection as it is.
  void run_until(const std::function<bool()>& is_so) {
    event::Timer patience(loop, [&] { loop.stop(); });
    patience.arm(20s);
    event::Timer look(loop, [&] {
      if (is_so()) return loop.stop();
      look.arm(1ms);
    });
    look.arm(0ms);
    loop.run();
    REQUIRE(is_so());
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  SentinelMemory memory;
  int switches = 0;
  int asks_failed = 0;
  std::vector<std::string> states;
  std::unique_ptr<PrimaryConnection> connection;
};

std::string place(const RedisServer& server) { return "127.0.0.1:" + std::to_string(server.port()); }

void make_replica(RedisServer& server, const RedisServer& of) {
  RedisClient(server).ask({"REPLICAOF", "127.0.0.1", std::to_string(of.port())});
}

}  // namespace

TEST_CASE("without sentinels it is a connection to the address of the URL", "[redis]") {
  RedisServer server;
  Client client;
  CHECK(client.connect(server.url()) == "ready");
  CHECK(client.connection->is_ready());
  CHECK(client.connection->place() == server.url().place());
  CHECK(client.ask({"PING"}) == "PONG");
  // Whatever that is: who names a replica is told by what it refuses.
  RedisServer replica;
  RedisClient(replica).ask({"REPLICAOF", "127.0.0.1", "1"});
  CHECK(client.connect(replica.url()) == "ready");
}

TEST_CASE("with sentinels it is a connection to the primary that they name", "[redis]") {
  RedisServer server(kPort);
  RedisClient(server).ask({"CONFIG", "SET", "requirepass", "theirs"});
  FakeSentinel sentinel;
  sentinel.name(server.port());
  sentinel.require_password("its own");
  RedisUrl url = url_of(sentinel);
  url.password = "theirs";
  url.database = 3;
  url.sentinels[0].password = "its own";
  Client client;
  REQUIRE(client.connect(url) == "ready");
  CHECK(client.connection->place() == place(server));
  CHECK(client.ask({"CLIENT", "INFO"}).find(" db=3 ") != std::string::npos);
  CHECK(client.switches == 0);
}

TEST_CASE("a replica is no primary, whatever a sentinel says; then another sentinel is asked first", "[redis]") {
  RedisServer primary(kPort), replica(kPort);
  make_replica(replica, primary);
  FakeSentinel wrong, right;
  wrong.name(replica.port());
  right.name(primary.port());
  Client client;
  CHECK(client.connect(url_of(wrong, right)) ==
        place(replica) + ": a replica, though sentinel " + wrong.place() + " names it as faces");
  CHECK_FALSE(client.connection->is_ready());
  CHECK(client.asks_failed == 1);
  CHECK(client.connect(url_of(wrong, right)) == "ready");
  CHECK(client.connection->place() == place(primary));
}

TEST_CASE("without an answer of the sentinels it ends with their errors", "[redis]") {
  FakeSentinel gone, ignorant;
  gone.stop();
  Client client;
  const std::string why = client.connect(url_of(gone, ignorant));
  CHECK(why.find("sentinel " + gone.place()) == 0);
  CHECK(why.find("no master named 'faces'") != std::string::npos);
  CHECK(client.connection->place() == url_of(gone, ignorant).place());
}

TEST_CASE("where any sentinel names another primary, the connection ends and the next leads there", "[redis]") {
  RedisServer before(kPort), after(kPort);
  FakeSentinel first, second;
  first.name(before.port(), 1);
  second.name(before.port(), 1);
  Client client;
  const RedisUrl url = url_of(first, second);
  REQUIRE(client.connect(url) == "ready");
  second.name(after.port(), 2);
  std::string last;
  client.connection->command({"BLPOP", "none", "0"}, 60s,
                             [&](const Result<Reply>& reply) { last = reply ? "" : reply.error().message; });
  client.run_until([&] { return client.states.size() == 2; });
  const std::string why = place(before) + ": sentinel " + second.place() + " names " + place(after) + " as faces";
  CHECK(client.states[1] == why);
  CHECK(last == why);  // Who waits for an answer is told, as when a connection is lost.
  CHECK(client.switches == 0);
  // The first still names the old one, which still says that it is a primary.
  REQUIRE(client.connect(url) == "ready");
  CHECK(client.connection->place() == place(after));
  CHECK(client.switches == 1);
}

TEST_CASE("a sentinel that is behind or gone ends no connection", "[redis]") {
  RedisServer primary(kPort), deposed(kPort);
  FakeSentinel ahead, behind, gone;
  ahead.name(primary.port(), 2);
  behind.name(deposed.port(), 1);
  gone.stop();
  Client client;
  REQUIRE(client.connect(url_of(ahead, behind, gone)) == "ready");
  client.run_until([&] { return client.asks_failed >= 6; });
  CHECK(client.states.size() == 1);
  CHECK(client.ask({"PING"}) == "PONG");
  // Nor do all of them.
  ahead.stop();
  behind.stop();
  const int before = client.asks_failed;
  client.run_until([&] { return client.asks_failed >= before + 6; });
  CHECK(client.states.size() == 1);
  CHECK(client.connection->place() == place(primary));
}

TEST_CASE("sentinels that were set up anew end a connection when more than half name another primary", "[redis]") {
  RedisServer before(kPort), after(kPort);
  FakeSentinel first, second, third;
  for (FakeSentinel* sentinel : {&first, &second, &third}) sentinel->name(before.port(), 5);
  Client client;
  const RedisUrl url = url_of(first, second, third);
  REQUIRE(client.connect(url) == "ready");
  first.name(after.port(), 1);
  client.run_until([&] { return client.asks_failed >= 3; });
  CHECK(client.states.size() == 1);
  third.name(after.port(), 1);
  client.run_until([&] { return client.states.size() == 2; });
  CHECK(client.states[1].find(" names " + place(after) + " as faces") != std::string::npos);
  REQUIRE(client.connect(url) == "ready");
  CHECK(client.connection->place() == place(after));
}

TEST_CASE("one sentinel of a high epoch leads away from what more than half name no more than once", "[redis]") {
  RedisServer before(kPort), after(kPort);
  FakeSentinel alone, second, third;
  alone.name(before.port(), 99);
  second.name(after.port(), 6);
  third.name(after.port(), 6);
  Client client;
  const RedisUrl url = url_of(alone, second, third);
  REQUIRE(client.connect(url) == "ready");
  REQUIRE(client.connection->place() == place(before));
  client.run_until([&] { return client.states.size() == 2; });
  REQUIRE(client.connect(url) == "ready");
  CHECK(client.connection->place() == place(after));
  const std::size_t asked = alone.asked();
  client.run_until([&] { return alone.asked() >= asked + 3; });
  CHECK(client.states.size() == 1);
  // A failover is followed as ever, at the word of one.
  second.name(before.port(), 7);
  client.run_until([&] { return client.states.size() == 2; });
  REQUIRE(client.connect(url) == "ready");
  CHECK(client.connection->place() == place(before));
}

TEST_CASE("sentinels that were set up anew and name the same primary are no longer behind", "[redis]") {
  RedisServer server(kPort), next(kPort);
  FakeSentinel first, second, third;
  for (FakeSentinel* sentinel : {&first, &second, &third}) sentinel->name(server.port(), 5);
  Client client;
  REQUIRE(client.connect(url_of(first, second, third)) == "ready");
  for (FakeSentinel* sentinel : {&first, &second, &third}) sentinel->name(server.port(), 1);
  client.run_until([&] { return client.memory.epoch == 1u; });
  CHECK(client.states.size() == 1);
  second.name(next.port(), 2);
  client.run_until([&] { return client.states.size() == 2; });
}

TEST_CASE("what a sentinel said before it went counts no more", "[redis]") {
  RedisServer primary(kPort), deposed(kPort);
  FakeSentinel ahead, behind, later;
  ahead.name(primary.port(), 2);
  behind.name(deposed.port(), 1);
  later.name(primary.port(), 2);
  Client client;
  REQUIRE(client.connect(url_of(ahead, behind, later)) == "ready");
  client.run_until([&] { return client.asks_failed >= 2; });
  behind.stop();
  // One of these may have been answered before.
  client.run_until([&, before = client.asks_failed] { return client.asks_failed >= before + 2; });
  later.name(deposed.port(), 1);
  client.run_until([&, before = client.asks_failed] { return client.asks_failed >= before + 6; });
  CHECK(client.states.size() == 1);
}

TEST_CASE("the sentinels are asked on over one connection each, which is made again when it has ended", "[redis]") {
  RedisServer server(kPort);
  FakeSentinel first, second;
  first.name(server.port());
  second.name(server.port());
  Client client;
  REQUIRE(client.connect(url_of(first, second)) == "ready");
  CHECK(first.connections() == 1);
  client.run_until([&] { return first.asked() >= 5 && second.asked() >= 5; });
  CHECK(first.connections() == 2);  // The search had one of its own.
  CHECK(second.connections() == 1);
  second.drop_clients();
  client.run_until([&] { return second.connections() == 2; });
  client.run_until([&, asked = second.asked()] { return second.asked() >= asked + 5; });
  CHECK(second.connections() == 2);
  CHECK(client.states.size() == 1);
}

TEST_CASE("a primary that dies ends the connection, and nobody is asked on", "[redis]") {
  RedisServer server(kPort);
  FakeSentinel sentinel;
  sentinel.name(server.port());
  Client client;
  REQUIRE(client.connect(url_of(sentinel)) == "ready");
  server.stop();
  client.run_until([&] { return client.states.size() == 2; });
  const std::size_t asked = sentinel.asked();
  CHECK(client.connect(server.url()) != "ready");
  CHECK(sentinel.asked() == asked);
}

TEST_CASE("who closes it while the sentinels are asked is told so in a later turn", "[redis]") {
  FakeSentinel silent;
  silent.be_silent();
  Client client;
  client.make(url_of(silent));
  client.connection->close("leaving");
  CHECK(client.states.empty());
  client.loop.run();
  CHECK(client.states == std::vector<std::string>{url_of(silent).place() + ": leaving"});
}

TEST_CASE("who destroys it while the sentinels are asked hears nothing more", "[redis]") {
  FakeSentinel sentinel;
  Client client;
  client.make(url_of(sentinel));
  client.connection.reset();
  FakeSentinel other;
  client.make(url_of(other));
  client.loop.run();
  REQUIRE(client.states.size() == 1);
  CHECK(client.states[0].find(other.place()) != std::string::npos);
}
