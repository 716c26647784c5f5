#include "app/reload_history.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::app;

namespace {

struct History {
  SystemClock clock;
  ReloadHistory reloads{clock};
};

}  // namespace

TEST_CASE("reloads are counted, those that fail too, and what asked for them is known", "[app][reload]") {
  History history;
  CHECK(history.reloads.last() == nullptr);
  CHECK(history.reloads.in_force() == 0);
  const auto first = history.reloads.begin("SIGHUP");
  CHECK(first == 1);
  CHECK_FALSE(history.reloads.find(first)->is_over);
  history.reloads.end_badly(first, {"f:1:1: wrong"});
  CHECK(history.reloads.in_force() == 0);
  const auto second = history.reloads.begin("POST /reload");
  history.reloads.end_well(second, {"site"}, 2);
  CHECK(second == 2);
  CHECK(history.reloads.in_force() == 2);
  CHECK(history.reloads.find(first)->problems == std::vector<std::string>{"f:1:1: wrong"});
  CHECK(history.reloads.last()->needs_restart == std::vector<std::string>{"site"});
  CHECK(history.reloads.name_of(second) == "reload 2 (POST /reload)");
}

TEST_CASE("the last error is that of the last reload that has ended, and gone when one ends well", "[app][reload]") {
  History history;
  CHECK(history.reloads.last_error().empty());
  history.reloads.end_badly(history.reloads.begin("SIGHUP"), {"f:1:1: wrong", "f:2:1: wrong too"});
  CHECK(history.reloads.last_error() == "f:1:1: wrong");
  CHECK(history.reloads.done() == 0);
  const auto next = history.reloads.begin("SIGHUP");
  CHECK(history.reloads.last_error() == "f:1:1: wrong");
  history.reloads.end_well(next, {}, 1);
  CHECK(history.reloads.last_error().empty());
  CHECK(history.reloads.done() == 1);
}

TEST_CASE("a reload has been taken over when each worker has said so", "[app][reload]") {
  History history;
  const auto id = history.reloads.begin("SIGHUP");
  history.reloads.end_well(id, {}, 2);
  CHECK(history.reloads.find(id)->workers_left == 2);
  history.reloads.on_worker_taken(id);
  history.reloads.on_worker_taken(id);
  CHECK(history.reloads.find(id)->workers_left == 0);
}

TEST_CASE("what reloads of long ago came to is forgotten, and harms nobody", "[app][reload]") {
  History history;
  const auto old = history.reloads.begin("SIGHUP");
  for (std::size_t i = 0; i < ReloadHistory::kCountMax; ++i) history.reloads.begin("SIGHUP");
  CHECK(history.reloads.find(old) == nullptr);
  history.reloads.end_well(old, {}, 1);
  history.reloads.on_worker_taken(old);
  CHECK(history.reloads.in_force() == old);
  CHECK(history.reloads.find(old + 1) != nullptr);
  CHECK(history.reloads.name_of(old) == "reload 1");
}
