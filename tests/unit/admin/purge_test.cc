#include "admin/purge.h"

#include "support/catch.h"
#include "unit/admin/test_node.h"
#include "unit/demo/fake_exchange.h"

using namespace edge;
using namespace edge::admin;
using demo::FakeExchange;

TEST_CASE("a purge names one thing: an avatar, a URL or all", "[admin]") {
  TestNode node;
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
