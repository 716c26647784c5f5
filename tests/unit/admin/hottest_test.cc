#include "admin/hottest.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "support/catch.h"
#include "unit/frontend/test_server.h"

using namespace edge;
using namespace edge::admin;
using namespace std::chrono_literals;
using frontend::AccessLog;
using frontend::AccessLogMode;
using metrics::Outcome;
using nlohmann::json;

namespace {

struct NoLines final : LineWriter {
  void write(std::string_view) override {}
  void reopen() override {}
};

// An access log that is off, and a server that answers GET /hottest?QUERY.
class TestHottest {
 public:
  explicit TestHottest(std::chrono::milliseconds watched_for = Hottest::kWatchedFor)
      : hottest_(std::in_place, log, metrics_, watched_for) {}
  // It has a timer of the server's loop.
  ~TestHottest() {
    server_.on_loop([this](frontend::Server&) { hottest_.reset(); });
  }

  frontend::Answer ask(std::string_view query = {}, std::string_view method = "GET") {
    frontend::Client client = server_.connect();
    client.send(std::string(method) + " /hottest" + std::string(query) + " HTTP/1.1\r\nhost: x\r\n\r\n");
    return client.read(method != "HEAD");
  }
  json take(std::string_view query = {}) {
    const auto answer = ask(query);
    REQUIRE(answer.status == 200);
    return json::parse(answer.body);
  }
  std::uint64_t limit_count() {
    server_.on_loop([](frontend::Server&) {});
    return metrics_.limits[metrics::Limit::HottestWatches].value();
  }
  void finish(std::string_view target, int times = 1, Outcome outcome = Outcome::Hit) {
    for (int i = 0; i < times && log.wants(200, true); ++i) {
      frontend::AccessRecord record;
      record.target = target;
      record.status = 200;
      record.outcome = outcome;
      log.write(record);
    }
  }

 private:
  NoLines lines_;

 public:
  AccessLog log{AccessLogMode::Off, lines_};

 private:
  metrics::WorkerMetrics metrics_;
  std::optional<Hottest> hottest_;
  frontend::TestServer server_{[this](frontend::Exchange& exchange) {
    const std::string_view target = exchange.request().target;
    const auto query = target.substr(std::min(target.find('?'), target.size() - 1) + 1);
    hottest_->answer(exchange, query, *serving::parse_routes({"/avatars/{avatar}/{size}"}));
    return nullptr;
  }};
};

json avatar(std::string_view name, int requests) {
  return {{"avatar", name}, {"requests", requests}, {"error_max", 0}};
}

}  // namespace

TEST_CASE("what was asked for since the last time is told, the hottest first", "[admin][hottest]") {
  TestHottest node;
  node.finish("/avatars/0/46");  // Nobody watches yet.
  CHECK_FALSE(node.log.wants(500, false));
  const json first = node.take();
  CHECK(first["requests"] == 0);
  CHECK(first["avatars"] == json::array());
  node.finish("/avatars/1/46", 2);
  node.finish("/avatars/1/96?v=2", 2, Outcome::Miss);
  node.finish("/avatars/b%20c/46", 3);
  node.finish("/elsewhere", 1, Outcome::Error);
  node.finish("/status", 9, Outcome::Local);
  node.finish("no target", 1);
  const json told = node.take();
  CHECK(told["requests"] == 8);
  CHECK(told["avatars"] == json::array({avatar("1", 4), avatar("b c", 3), avatar("/elsewhere", 1)}));
  CHECK(told["seconds"] > 0);
  CHECK(node.take()["avatars"] == json::array());
}

TEST_CASE("what several threads answer is told together", "[admin][hottest]") {
  TestHottest node;
  node.take();
  std::vector<std::thread> workers;
  for (int i = 0; i < 3; ++i)
    workers.emplace_back([&node] {
      node.finish("/avatars/1/46", 100);
      node.finish("/avatars/2/46", 50);
    });
  for (std::thread& worker : workers) worker.join();
  CHECK(node.take()["avatars"] == json::array({avatar("1", 300), avatar("2", 150)}));
}

TEST_CASE("each watch has counts of its own", "[admin][hottest]") {
  TestHottest node;
  node.take("?watch=a");
  node.finish("/avatars/1/46");
  node.take("?watch=b");
  node.finish("/avatars/2/46");
  CHECK(node.take("?watch=b")["requests"] == 1);
  CHECK(node.take("?watch=a")["requests"] == 2);
  SECTION("and ends when it is asked for the last time") {
    CHECK(node.take("?watch=a&last")["requests"] == 0);
    CHECK(node.log.wants(200, true));
    node.take("?watch=b&last");
    CHECK_FALSE(node.log.wants(200, true));
  }
}

TEST_CASE("a watch that nobody asks for ends", "[admin][hottest]") {
  TestHottest node(1ms);
  node.take();
  node.take("?watch=other");
  while (node.log.wants(200, true)) std::this_thread::yield();
}

TEST_CASE("there are so many watches and no more", "[admin][hottest]") {
  TestHottest node;
  for (std::size_t i = 0; i < Hottest::kWatchesMax; ++i) node.take("?watch=" + std::to_string(i));
  const auto refused = node.ask("?watch=more");
  CHECK(refused.status == 503);
  CHECK(refused.body.find("8 others") != std::string::npos);
  CHECK(node.limit_count() == 1);
  CHECK(node.ask("?watch=0").status == 200);
}

TEST_CASE("what is asked for too much of is bounded: names, and their length", "[admin][hottest]") {
  TestHottest node;
  node.take();
  node.finish("/avatars/" + std::string(257, 'x') + "/46", 100);
  node.finish("/avatars/" + std::string(256, 'y') + "/46", 60);
  for (int i = 0; i < 1000; ++i) node.finish("/avatars/n" + std::to_string(i) + "/46");
  const json told = node.take();
  CHECK(told["requests"] == 1160);
  CHECK(told["avatars"].size() == Hottest::kListed);
  CHECK(told["avatars"][0] == avatar(std::string(256, 'y'), 60));
  CHECK(told["avatars"][1]["error_max"] > 0);
}

TEST_CASE("a name that is no UTF-8 makes no answer that is no JSON", "[admin][hottest]") {
  TestHottest node;
  node.take();
  node.finish("/avatars/%FF%22/46");
  CHECK(node.take()["avatars"][0]["avatar"] == "\xEF\xBF\xBD\"");
}

TEST_CASE("what is no watch is 400, and HEAD takes nothing", "[admin][hottest]") {
  TestHottest node;
  for (const char* query : {"?x", "?watch", "?watch=a&b", "?watch=a/b", "?watch=%20", "?last"})
    CHECK(node.ask(query).status == 400);
  CHECK(node.ask("?watch=" + std::string(65, 'a')).status == 400);
  CHECK(node.ask("", "HEAD").status == 200);
  CHECK_FALSE(node.log.wants(200, true));
}
