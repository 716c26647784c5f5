#include "app/publish_once.h"

#include "support/catch.h"
#include "support/redis_client.h"

using namespace edge;
using namespace edge::app;
using namespace std::chrono_literals;

namespace {

feed::Published published(std::vector<feed::Acknowledgement::Node> nodes, bool is_complete, bool was_waited_out) {
  return {{5, 1}, feed::Acknowledgement{std::move(nodes), is_complete, was_waited_out, 12ms}};
}

}  // namespace

TEST_CASE("what came of a publication is said in one line", "[app]") {
  CHECK(describe({.id = {5, 1}}) == "5-1: published");
  CHECK(describe(published({{"a", 3ms}, {"b", 12ms}}, true, false)) ==
        "5-1: applied by 2 of 2 nodes; after 12 ms no node serves anything older");
  CHECK(describe(published({{"a", 3ms}, {"b"}, {"c"}}, true, true)) ==
        "5-1: applied by 1 of 3 nodes; after 12 ms no node serves anything older; waited out: b, c");
  CHECK(describe(published({{"a", 3ms}}, true, true)) ==
        "5-1: applied by 1 of 1 nodes; after 12 ms no node serves anything older (waited for one lease, since the "
        "registry is young)");
  CHECK(describe(published({{"a", 3ms}, {"b"}}, false, false)) ==
        "5-1: applied by 1 of 2 nodes; after 12 ms the wait was over, and nodes may serve what is older; not seen to "
        "have applied it: b");
  CHECK(describe(published({{"a", 3ms}, {"b"}}, true, false)) ==
        "5-1: applied by 1 of 2 nodes; after 12 ms no node serves anything older; gone meanwhile: b");
  CHECK(describe(published({}, true, false)) ==
        "5-1: applied by 0 of 0 nodes; after 12 ms no node serves anything older");
}

TEST_CASE("an event is published from the command line without an edge", "[app]") {
  test::RedisServer server;
  test::RedisClient client{server};
  feed::FeedOptions options;
  options.url = server.url();
  options.stream = "updates";
  const auto done = publish_once(options, {.avatar = "42"}, std::nullopt);
  REQUIRE(done);
  CHECK(client.ask({"XRANGE", "updates", "-", "+"}).items.at(0).items.at(0).text == done->id.text());
  server.stop();
  CHECK_FALSE(publish_once(options, {.avatar = "42"}, std::nullopt));
}
