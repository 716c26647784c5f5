#include "redis/link.h"

#include "support/catch.h"
#include "support/fake_sentinel.h"
#include "support/redis_client.h"
#include "support/redis_server.h"

using namespace edge;
using namespace edge::redis;
using edge::test::RedisClient;
using edge::test::RedisServer;
using namespace std::chrono_literals;

namespace {

// A link, and a loop that runs until something has come.
struct Linked {
  explicit Linked(LinkOptions options) {
    options.reconnect_max = 50ms;
    link = std::make_unique<Link>(loop, options, [this](const Status& state) {
      states.push_back(state ? "ready" : state.error().message);
      loop.stop();
    });
    loop.run();
  }

  void run_to_states(std::size_t count) {
    while (states.size() < count) loop.run();
  }
  Link::OnReply note() {
    return [this](Result<Reply> reply) {
      answers.push_back(reply ? reply->text : "none");
      loop.stop();
    };
  }
  std::string ask(const std::vector<std::string_view>& words) {
    REQUIRE(link->try_command(words, 10s, note()));
    return run_to_answer();
  }
  std::string call(std::size_t script, const std::vector<std::string_view>& words) {
    REQUIRE(link->try_script(script, words, 10s, note()));
    return run_to_answer();
  }
  std::string run_to_answer() {
    const std::size_t before = answers.size();
    while (answers.size() == before) loop.run();
    return answers.back();
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  std::vector<std::string> states;
  std::vector<std::string> answers;
  std::unique_ptr<Link> link;
};

constexpr std::string_view kOne = "return 'one ' .. ARGV[1]", kTwo = "return 'two ' .. KEYS[1]";

}  // namespace

TEST_CASE("a link is there with its scripts", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url(), .scripts = {kOne, kTwo}});
  CHECK(linked.states == std::vector<std::string>{"ready"});
  CHECK(linked.link->is_ready());
  CHECK(linked.call(0, {"0", "x"}) == "one x");
  CHECK(linked.call(1, {"1", "k"}) == "two k");
  CHECK(linked.ask({"PING"}) == "PONG");
}

TEST_CASE("a link comes back after its Redis has, with its scripts", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url(), .scripts = {kOne, kTwo}});
  server.stop();
  linked.run_to_states(2);
  CHECK_FALSE(linked.link->is_ready());
  CHECK_FALSE(linked.link->try_command({"PING"}, 10s, linked.note()));
  linked.run_to_states(4);  // Tries in vain are told as well.
  server.start();
  while (linked.states.back() != "ready") linked.loop.run();
  CHECK(linked.call(1, {"1", "k"}) == "two k");
  CHECK(linked.answers.size() == 1);  // What was refused is never called.
}

TEST_CASE("scripts that Redis has lost are loaded again, and the link stays", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url(), .scripts = {kOne, kTwo}});
  RedisClient(server).ask({"SCRIPT", "FLUSH"});
  CHECK(linked.call(1, {"1", "k"}).starts_with("NOSCRIPT"));
  CHECK(linked.call(1, {"1", "k"}) == "two k");
  CHECK(linked.call(0, {"0", "x"}) == "one x");
  CHECK(linked.states.size() == 1);
}

TEST_CASE("more than may be under way is refused, until answers have come", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url(), .in_flight_max = 2, .scripts = {kOne}});
  CHECK(linked.link->try_command({"PING"}, 10s, linked.note()));
  CHECK(linked.link->try_script(0, {"0", "x"}, 10s, linked.note()));
  CHECK_FALSE(linked.link->try_command({"PING"}, 10s, linked.note()));
  CHECK_FALSE(linked.link->try_script(0, {"0", "x"}, 10s, linked.note()));
  while (linked.answers.size() < 2) linked.loop.run();
  CHECK(linked.ask({"PING"}) == "PONG");
  CHECK(linked.answers == std::vector<std::string>{"PONG", "one x", "PONG"});
}

TEST_CASE("who breaks a link off is told so, as are those who wait, and it comes back", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url(), .in_flight_max = 1});
  REQUIRE(linked.link->try_command({"BLPOP", "none", "0"}, 10s, linked.note()));
  linked.link->break_off("it has had enough");
  linked.run_to_states(3);
  CHECK(linked.answers == std::vector<std::string>{"none"});
  CHECK(linked.states[1].find("it has had enough") != std::string::npos);
  CHECK(linked.states[2] == "ready");
  CHECK(linked.ask({"PING"}) == "PONG");  // What was under way is so no longer.
}

TEST_CASE("an answer that is too late ends the link, which comes back with Redis", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url()});
  server.pause();
  REQUIRE(linked.link->try_command({"PING"}, 50ms, linked.note()));
  linked.run_to_states(2);
  CHECK(linked.answers == std::vector<std::string>{"none"});
  server.resume();
  while (linked.states.back() != "ready") linked.loop.run();
  CHECK(linked.ask({"PING"}) == "PONG");
}

TEST_CASE("a Redis that refuses a script is not there, and says why", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url(), .scripts = {kOne, "this is no Lua"}});
  CHECK(linked.states.at(0).find("Error compiling script") != std::string::npos);
  CHECK_FALSE(linked.link->is_ready());
}

TEST_CASE("who destroys a link hears nothing more", "[redis]") {
  RedisServer server;
  Linked linked({.url = server.url()});
  REQUIRE(linked.link->try_command({"PING"}, 10s, linked.note()));
  linked.link.reset();
  linked.loop.post([&] { linked.loop.stop(); });
  linked.loop.run();
  CHECK(linked.answers.empty());
  CHECK(linked.states.size() == 1);
}

TEST_CASE("a link follows its sentinels to another primary, with its scripts", "[redis]") {
  RedisServer before(RedisServer::On::APortToo), after(RedisServer::On::APortToo);
  test::FakeSentinel sentinel;
  sentinel.name(before.port(), 1);
  Linked linked({.url = url_of(sentinel), .scripts = {kOne}, .look = 1ms});
  CHECK(linked.link->place() == "127.0.0.1:" + std::to_string(before.port()));
  int switches = 0;
  linked.link->sentinels().on_switch = [&] { ++switches; };
  sentinel.name(after.port(), 2);
  while (linked.states.size() < 3 || linked.states.back() != "ready") linked.loop.run();
  CHECK(linked.link->place() == "127.0.0.1:" + std::to_string(after.port()));
  CHECK(linked.call(0, {"0", "x"}) == "one x");
  CHECK(switches == 1);
}
