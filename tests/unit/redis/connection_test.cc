#include "redis/connection.h"

#include "support/catch.h"
#include "support/redis_server.h"

using namespace edge;
using namespace edge::redis;
using edge::test::RedisServer;
using namespace std::chrono_literals;

namespace {

// A connection, and a loop that runs until something has come.
struct Client {
  explicit Client(const RedisUrl& url, std::chrono::milliseconds timeout = 10s) {
    connection = std::make_unique<Connection>(loop, url, timeout, [this](Status status) {
      states.push_back(status ? "ready" : status.error().message);
      loop.stop();
    });
    loop.run();
  }

  Result<Reply> ask(const std::vector<std::string_view>& words, std::chrono::milliseconds timeout = 10s) {
    std::optional<Result<Reply>> answer;
    connection->command(words, timeout, [&](Result<Reply> reply) {
      answer.emplace(std::move(reply));
      loop.stop();
    });
    loop.run();
    REQUIRE(answer);
    return std::move(*answer);
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  std::vector<std::string> states;
  std::unique_ptr<Connection> connection;
};

}  // namespace

TEST_CASE("a connection says when it is ready, and answers commands with typed replies", "[redis]") {
  RedisServer server;
  Client client(server.url());
  CHECK(client.states == std::vector<std::string>{"ready"});
  CHECK(client.ask({"PING"})->text == "PONG");
  CHECK(client.ask({"INCR", "n"})->integer == 1);
  CHECK(client.ask({"GET", "none"})->is_nil());
  CHECK(client.ask({"NONSENSE"})->is_error());
  const std::string binary("\0\r\n", 3);
  CHECK(client.ask({"SET", "k", binary})->text == "OK");
  CHECK(client.ask({"GET", "k"})->text == binary);
  const auto list = client.ask({"MGET", "k", "none"});
  REQUIRE(list->is_array());
  CHECK(list->items.size() == 2);
  CHECK(list->items[1].is_nil());
}

TEST_CASE("answers come in the order of the questions", "[redis]") {
  RedisServer server;
  Client client(server.url());
  std::string order;
  for (int i = 0; i < 5; ++i)
    client.connection->command({"INCR", "n"}, 10s,
                               [&](Result<Reply> reply) { order += std::to_string(reply->integer); });
  CHECK(client.ask({"PING"}));
  CHECK(order == "12345");
}

TEST_CASE("a Redis that is not there is an error that names the place", "[redis]") {
  RedisUrl nowhere;
  nowhere.unix_path = "/nowhere/redis";
  Client client(nowhere);
  REQUIRE(client.states.size() == 1);
  CHECK(client.states[0].find("/nowhere/redis: ") == 0);
  CHECK_FALSE(client.connection->is_ready());
}

TEST_CASE("a Redis that hangs does not connect for ever", "[redis]") {
  RedisServer server;
  server.pause();
  Client client(server.url(), 50ms);
  REQUIRE(client.states.size() == 1);
  CHECK(client.states[0].find("in time") != std::string::npos);
}

TEST_CASE("an answer that is too late ends the connection", "[redis]") {
  RedisServer server;
  Client client(server.url());
  server.pause();
  const auto late = client.ask({"PING"}, 50ms);
  CHECK_FALSE(late);
  CHECK(client.states.size() == 2);
  CHECK_FALSE(client.ask({"PING"}));
}

TEST_CASE("when Redis dies, those who wait and the owner are told", "[redis]") {
  RedisServer server;
  Client client(server.url());
  server.stop();
  const auto answer = client.ask({"BLPOP", "none", "0"});
  CHECK_FALSE(answer);
  if (client.states.size() < 2) client.loop.run();
  CHECK(client.states.size() == 2);
}

TEST_CASE("a wrong password ends the connection with Redis's words", "[redis]") {
  RedisServer server;
  RedisUrl url = server.url();
  url.password = "wrong";
  Client client(url);
  REQUIRE(client.states.size() == 1);
  CHECK(client.states[0].find("AUTH") != std::string::npos);
}

TEST_CASE("who destroys it hears nothing more", "[redis]") {
  RedisServer server;
  Client client(server.url());
  bool called = false;
  client.connection->command({"PING"}, 10s, [&](Result<Reply>) { called = true; });
  client.connection.reset();
  client.loop.post([&] { client.loop.stop(); });
  client.loop.run();
  CHECK_FALSE(called);
}
