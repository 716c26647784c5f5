#include "app/config_changes.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::app;

namespace {

Config two_listeners() {
  Config config;
  config.listen = {{"127.0.0.1:1"}, {"127.0.0.1:2"}};
  return config;
}

}  // namespace

TEST_CASE("what only a restart can change is named", "[app]") {
  const Config running = two_listeners();
  CHECK(changes_needing_restart(running, running).empty());

  Config next = running;
  next.cache.memory_bytes = 1u << 30;
  next.http.connections_max = 5;
  next.log.level = edge::LogLevel::Error;
  next.origin.urls = {"http://other"};
  CHECK(changes_needing_restart(running, next).empty());

  next.site = "elsewhere";
  next.workers = 9;
  next.listen[1].address = "127.0.0.1:3";
  next.admin.address = "127.0.0.1:4";
  next.log.file = "/tmp/x";
  next.access_file = "/tmp/y";
  CHECK(changes_needing_restart(running, next) == std::vector<std::string>{"site", "workers", "listen[1].address",
                                                                           "admin.address", "log.file",
                                                                           "log.access_file"});
  next = running;
  next.listen.pop_back();
  CHECK(changes_needing_restart(running, next) == std::vector<std::string>{"listen"});
}

TEST_CASE("what only a restart can change stays as it is, and all else changes", "[app][reload]") {
  const Config running = two_listeners();
  Config next = running;
  next.site = "elsewhere";
  next.listen.pop_back();
  next.admin.socket_mode = "0600";
  next.redis_url = next.updates_url = "redis://127.0.0.1:5";
  next.limits.entries = 5'000;
  next.cache.floors_max = 5'000;
  next.preallocates = true;
  next.cache.memory_bytes = 1u << 30;
  next.origin.urls = {"http://other"};
  const Config taken = without_changes_needing_restart(next, running);
  CHECK(changes_needing_restart(running, taken).empty());
  CHECK(changes_needing_restart(taken, next) == changes_needing_restart(running, next));
  CHECK(taken.cache.memory_bytes == 1u << 30);
  CHECK(taken.origin.urls == next.origin.urls);
}

TEST_CASE("who may use an admin port whose address waits for a restart does not change before", "[app][reload]") {
  Config running;
  running.admin.token = "0123456789abcdef";
  Config next = running;
  next.admin.address = "127.0.0.1:4";
  next.admin.token.clear();
  CHECK(without_changes_needing_restart(next, running).admin.token == running.admin.token);
  next.admin.address = running.admin.address;
  CHECK(without_changes_needing_restart(next, running).admin.token.empty());
}
