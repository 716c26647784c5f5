#include "redis/sentinel_ask.h"

#include "support/catch.h"
#include "support/fake_sentinel.h"

using namespace edge;
using namespace edge::redis;
using edge::test::FakeSentinel;
using namespace std::chrono_literals;

namespace {

Reply text(std::string of) { return {.kind = Reply::Kind::Text, .text = std::move(of)}; }
Reply error(std::string of) { return {.kind = Reply::Kind::Error, .text = std::move(of)}; }
Reply array(std::vector<Reply> of) { return {.kind = Reply::Kind::Array, .items = std::move(of)}; }
const Reply kNothing{};

// The address and its epoch, or what is wrong.
std::string ask(const RedisUrl& sentinel, std::string name = "faces", std::chrono::milliseconds timeout = 10s) {
  const SystemClock clock;
  event::EventLoop loop(clock);
  std::string answer;
  SentinelAsk ask(loop, sentinel, std::move(name), timeout, [&](const Result<NamedPrimary>& named) {
    CHECK(answer.empty());  // Once.
    answer = named ? named->place() : named.error().message;
    if (named && named->epoch) answer += " by epoch " + std::to_string(*named->epoch);
    loop.stop();
  });
  loop.run();
  return answer;
}

}  // namespace

TEST_CASE("what sentinels answer is an address and an epoch, or the reason why it is not", "[redis]") {
  const Reply address = array({text("10.0.0.1"), text("6379")});
  const auto named =
      parse_named_primary("faces", address, array({text("ip"), text("x"), text("config-epoch"), text("7")}));
  REQUIRE(named);
  CHECK(named->place() == "10.0.0.1:6379");
  CHECK(named->epoch == 7u);
  CHECK(parse_named_primary("faces", array({text("::1"), text("1")}), kNothing)->place() == "[::1]:1");
  // An epoch that may not be asked for is none, and no failure.
  for (const Reply& primary : {kNothing, error("NOPERM"), array({text("config-epoch")}), array({text("a"), text("b")}),
                               array({text("config-epoch"), text("x")})})
    CHECK_FALSE(parse_named_primary("faces", address, primary)->epoch);
  CHECK(parse_named_primary("faces", kNothing, kNothing).error().message == "no master named 'faces'");
  CHECK(parse_named_primary("faces", error("NOPERM no"), kNothing).error().message == "NOPERM no");
  for (const Reply& nonsense :
       {text("x"), array({text("h")}), array({text(""), text("1")}), array({text("h"), text("0")}),
        array({text("h"), text("65536")}), array({text("h"), text("x")})})
    CHECK_FALSE(parse_named_primary("faces", nonsense, kNothing));
}

TEST_CASE("more than half of all sentinels agree where they name one address, whatever their epochs", "[redis]") {
  const NamedPrimary old{"a", 1, 5}, same{"a", 1, 6}, other{"a", 2, 9}, unknown{"a", 1, {}};
  CHECK(find_named_by_most({}) == nullptr);
  CHECK(find_named_by_most({old, {}}) == nullptr);
  CHECK(find_named_by_most({old, same, other, other}) == nullptr);
  REQUIRE(find_named_by_most({old}) != nullptr);
  // The newest of them speaks for them: the rest is behind, though right.
  for (const NamedPrimaries& said : {NamedPrimaries{old, other, same}, {same, {}, old}, {unknown, same, other}})
    CHECK(find_named_by_most(said)->epoch == 6u);
}

TEST_CASE("a sentinel is asked for the address and the epoch of a name", "[redis]") {
  FakeSentinel sentinel;
  sentinel.name(7001, 5);
  CHECK(ask(sentinel.url()) == "127.0.0.1:7001 by epoch 5");
  sentinel.hide_epoch();
  CHECK(ask(sentinel.url()) == "127.0.0.1:7001");
}

TEST_CASE("a sentinel may be asked again where it was reached, and each question has its own deadline", "[redis]") {
  FakeSentinel sentinel;
  sentinel.name(7001, 5);
  const SystemClock clock;
  event::EventLoop loop(clock);
  std::vector<std::string> answers;
  const auto note = [&](const Result<NamedPrimary>& named) {
    answers.push_back(named ? named->place() + " by epoch " + std::to_string(named->epoch.value_or(0))
                            : named.error().message);
    loop.stop();
  };
  SentinelAsk ask(loop, sentinel.url(), "faces", 10s, note);
  CHECK_FALSE(ask.may_ask_again());
  loop.run();
  REQUIRE(ask.may_ask_again());
  sentinel.name(7002, 6);
  ask.ask_again(10s, note);
  CHECK_FALSE(ask.may_ask_again());
  loop.run();
  // Who knows nobody was reached all the same.
  sentinel.name_nobody();
  ask.ask_again(10s, note);
  loop.run();
  sentinel.name(7003, 7);
  ask.ask_again(10s, note);
  loop.run();
  sentinel.be_silent();
  ask.ask_again(50ms, note);
  loop.run();
  CHECK_FALSE(ask.may_ask_again());
  const std::string whose = "sentinel " + sentinel.place() + ": ";
  CHECK(answers == std::vector<std::string>{"127.0.0.1:7001 by epoch 5", "127.0.0.1:7002 by epoch 6",
                                            whose + "no master named 'faces'", "127.0.0.1:7003 by epoch 7",
                                            whose + "no answer in time"});
  CHECK(sentinel.connections() == 1);
}

TEST_CASE("what a sentinel does not answer is told with its place", "[redis]") {
  FakeSentinel sentinel;
  const std::string whose = "sentinel " + sentinel.place() + ": ";
  CHECK(ask(sentinel.url()) == whose + "no master named 'faces'");
  CHECK(ask(sentinel.url(), "other") == whose + "ERR unknown");
  sentinel.be_silent();
  CHECK(ask(sentinel.url(), "faces", 50ms) == whose + "no connection in time");
  sentinel.stop();
  CHECK(ask(sentinel.url()).find(whose) == 0);
}

TEST_CASE("a sentinel is told its own password, which no error repeats", "[redis]") {
  FakeSentinel sentinel;
  sentinel.name(7001);
  sentinel.require_password("letmein");
  RedisUrl url = sentinel.url();
  url.password = "letmein";
  CHECK(ask(url) == "127.0.0.1:7001 by epoch 0");
  url.password = "wrongword";
  const std::string refused = ask(url);
  CHECK(refused.find("WRONGPASS") != std::string::npos);
  CHECK(refused.find("wrongword") == std::string::npos);
}
