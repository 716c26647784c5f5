#include "admin/commands.h"

#include "support/catch.h"
#include "unit/demo/fake_exchange.h"

using namespace edge;
using namespace edge::admin;
using demo::FakeExchange;

namespace {

// A node that holds nothing but the floors it is told.
struct Node {
  SystemClock clock;
  event::EventLoop loop{clock};
  cache::MemoryCache cache{{}, clock};
  metrics::Metrics metrics{1, {"here", "1"}, clock, [] { return metrics::CacheGauges{}; }};
  serving::Invalidator invalidator{cache, metrics};
  serving::Routes routes = *serving::parse_routes({"/avatars/{avatar}"});
};

}  // namespace

TEST_CASE("an update raises the floor of its avatar", "[admin]") {
  Node node;
  FakeExchange exchange(node.loop, "POST", "/updates");
  apply_update(exchange, R"({"avatar":"42","version":18446744073709551615,"op":"delete"})", node.invalidator);
  CHECK(exchange.status() == 200);
  CHECK(exchange.body() == "{\"fills\":0,\"responses\":0,\"scope\":\"node\"}\n");
  CHECK(node.cache.report("42").floor == UINT64_MAX);
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
  };
  Node node;
  for (const auto& [body, what] : cases) {
    INFO(body);
    FakeExchange exchange(node.loop, "POST", "/updates");
    apply_update(exchange, body, node.invalidator);
    CHECK(exchange.status() == 400);
    CHECK(exchange.body().find(what) != std::string::npos);
  }
  FakeExchange exchange(node.loop, "POST", "/updates");
  apply_update(exchange, R"({"avatar":")" + std::string(257, 'a') + R"("})", node.invalidator);
  CHECK(exchange.status() == 400);
  CHECK_FALSE(node.cache.report("42").floor);
}

TEST_CASE("a purge names one thing: an avatar, a URL or all", "[admin]") {
  Node node;
  for (const char* body : {R"({"avatar":"42"})", R"({"url":"/avatars/42?x=1"})", R"({"all":true})",
                           R"({"avatar":"42","soft":true})", R"({"all":true,"soft":false})"}) {
    INFO(body);
    FakeExchange exchange(node.loop, "POST", "/purge");
    purge(exchange, body, node.routes, node.invalidator);
    CHECK(exchange.status() == 200);
  }
  for (const char* body :
       {"{}", R"({"avatar":"42","all":true})", R"({"all":false})", R"({"all":1})", R"({"avatar":"42","soft":"yes"})",
        R"({"avatar":"42","sotf":true})", R"({"url":5})", R"({"url":"no path"})", R"({"soft":true})", "nonsense"}) {
    INFO(body);
    FakeExchange exchange(node.loop, "POST", "/purge");
    purge(exchange, body, node.routes, node.invalidator);
    CHECK(exchange.status() == 400);
    CHECK(exchange.body().find("\"error\"") != std::string::npos);
  }
}
