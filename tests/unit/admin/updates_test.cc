#include "admin/updates.h"

#include "support/catch.h"
#include "unit/admin/test_node.h"
#include "unit/demo/fake_exchange.h"

using namespace edge;
using namespace edge::admin;
using demo::FakeExchange;

namespace {

struct Node : TestNode {
  Updates updates{invalidator, nullptr};

  // Asks with that body and query; answered at once, for there is no feed.
  void ask(FakeExchange& exchange, std::string_view body, std::string_view query = "") {
    exchange.expect_body(body.size());
    const auto task = updates.start(exchange, query);
    if (!task) return;
    task->on_body(body);
    task->on_body_end();
  }
};

}  // namespace

TEST_CASE("an update raises the floor of its avatar", "[admin]") {
  Node node;
  FakeExchange exchange(node.loop, "POST", "/updates");
  node.ask(exchange, R"({"avatar":"42","version":18446744073709551615,"op":"delete","at":5})");
  CHECK(exchange.status() == 200);
  CHECK(exchange.body() == "{\"fills\":0,\"responses\":0,\"scope\":\"node\"}\n");
  REQUIRE(node.cache.report("42").floor);
  CHECK(node.cache.report("42").floor->version == UINT64_MAX);
}

TEST_CASE("an update that is not understood applies to nothing and says what is wrong", "[admin]") {
  const std::pair<const char*, const char*> cases[] = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"[]", "not a JSON object"},
      {"{}", "is missing"},
      {R"({"avatar":42})", "must be a string"},
      {R"({"avatar":""})", "1 to 256 bytes"},
      {R"({"avatar":"42","version":-1})", "unsigned"},
      {R"({"avatar":"42","version":1.5})", "unsigned"},
      {R"({"avatar":"42","version":"57"})", "unsigned"},
      {R"({"avatar":"42","version":18446744073709551616})", "unsigned"},
      {R"({"avatar":"42","op":"insert"})", "op"},
      {R"({"avatar":"42","op":null})", "op"},
      {R"({"avatar":"42","verison":5})", "unknown key \\\"verison\\\""},
      {R"({"avatar":"42","at":"now"})", "unsigned"},
  };
  Node node;
  for (const auto& [body, what] : cases) {
    INFO(body);
    FakeExchange exchange(node.loop, "POST", "/updates");
    node.ask(exchange, body);
    CHECK(exchange.status() == 400);
    CHECK(exchange.body().find(what) != std::string::npos);
  }
  FakeExchange exchange(node.loop, "POST", "/updates");
  node.ask(exchange, R"({"avatar":")" + std::string(257, 'a') + R"("})");
  CHECK(exchange.status() == 400);
  CHECK_FALSE(node.cache.report("42").floor);
}

TEST_CASE("a query that is not understood applies nothing, so that nobody takes for waited what was not", "[admin]") {
  Node node;
  for (const char* query : {"wait", "wait=", "wait=10", "wait=61s", "weit=10s", "wait=1s&x=1"}) {
    INFO(query);
    FakeExchange exchange(node.loop, "POST", "/updates");
    node.ask(exchange, R"({"avatar":"42"})", query);
    CHECK(exchange.status() == 400);
  }
  CHECK_FALSE(node.cache.report("42").floor);
  FakeExchange exchange(node.loop, "POST", "/updates");
  node.ask(exchange, R"({"avatar":"42"})", "wait=10s");
  CHECK(exchange.status() == 200);  // It is this node's alone, and applied.
}
