#include "feed/publication.h"

#include "support/catch.h"
#include "unit/feed/replies.h"

using namespace edge;
using namespace edge::feed;
using namespace std::chrono_literals;

namespace {

constexpr auto kLease = 5'000ms;
constexpr auto kRegistry = 600'000ms;
const cache::EventId kEvent{100, 0}, kBefore{99, 5}, kAfter{101, 0};

RegisteredNode node(std::string name, cache::EventId position, std::chrono::milliseconds lease = kLease,
                    std::string identity = "life") {
  return {std::move(name), std::move(identity), position, lease};
}
// A registry that is old enough to know all nodes.
Registry registry(std::vector<RegisteredNode> nodes) { return {"life", kRegistry + 1ms, std::move(nodes)}; }
Registry young_registry(std::vector<RegisteredNode> nodes) { return {"life", kRegistry, std::move(nodes)}; }

// A wait for an event that was written at time 0.
struct Wait {
  bool is_over(const Registry& registry, std::chrono::milliseconds after) {
    return acknowledging.is_over(registry, Instant{} + after);
  }
  const Acknowledgement& outcome() const { return acknowledging.so_far(); }

  Acknowledging acknowledging{{kEvent, "life"}, Instant{}, kLease, kRegistry};
};

}  // namespace

TEST_CASE("a wait is over at once when every node in the registry has reached the event", "[feed][PROTOCOL R18]") {
  Wait wait;
  CHECK_FALSE(wait.is_over(registry({node("a", kBefore), node("b", kEvent)}), 3ms));
  CHECK_FALSE(wait.outcome().is_complete);
  CHECK(wait.is_over(registry({node("a", kAfter), node("b", kEvent)}), 8ms));
  CHECK(wait.outcome().is_complete);
  CHECK_FALSE(wait.outcome().was_waited_out);
  CHECK(wait.outcome().took == 8ms);
  REQUIRE(wait.outcome().nodes.size() == 2);
  CHECK(wait.outcome().nodes[0].name == "a");
  CHECK(wait.outcome().nodes[0].applied_after == 8ms);
  CHECK(wait.outcome().nodes[1].name == "b");
  CHECK(wait.outcome().nodes[1].applied_after == 3ms);
}

TEST_CASE("where no node is left there is nobody to wait for", "[feed][PROTOCOL R18]") {
  Wait wait;
  CHECK(wait.is_over(registry({}), 1ms));
  CHECK(wait.outcome().is_complete);
}

TEST_CASE("a young registry may have forgotten a node that serves on, so one lease is waited for",
          "[feed][PROTOCOL R18]") {
  Wait wait;
  CHECK_FALSE(wait.is_over(young_registry({}), 1ms));
  CHECK_FALSE(wait.is_over(young_registry({node("a", kAfter)}), kLease));
  CHECK_FALSE(wait.outcome().is_complete);
  CHECK(wait.is_over(young_registry({node("a", kAfter)}), kLease + 1ms));
  CHECK(wait.outcome().is_complete);
  CHECK(wait.outcome().was_waited_out);
}

TEST_CASE("where an old primary may take writes after a failover, lease and registry count from the end of that",
          "[feed][PROTOCOL R18]") {
  Acknowledging wait{{kEvent, "life"}, Instant{}, kLease, kRegistry, 2'000ms};
  CHECK_FALSE(wait.is_over(registry({node("a", kEvent)}), Instant{} + 1ms));
  CHECK_FALSE(wait.is_over(registry({node("a", kBefore)}), Instant{} + kLease + 2'000ms));
  CHECK(wait.is_over(registry({node("a", kBefore)}), Instant{} + kLease + 2'001ms));
  CHECK(wait.so_far().was_waited_out);
  Acknowledging later{{kEvent, "life"}, Instant{}, kLease, kRegistry, 2'000ms};
  CHECK(later.is_over({"life", kRegistry + 2'001ms, {node("a", kEvent)}}, Instant{} + 1ms));
}

TEST_CASE("a node that stays silent is waited out for one lease", "[feed][PROTOCOL R18]") {
  Wait wait;
  const Registry silent = registry({node("a", kBefore), node("b", kEvent)});
  CHECK_FALSE(wait.is_over(silent, kLease));
  CHECK(wait.is_over(silent, kLease + 1ms));
  CHECK(wait.outcome().is_complete);
  CHECK(wait.outcome().was_waited_out);
  CHECK_FALSE(wait.outcome().nodes[0].applied_after);
  CHECK(wait.outcome().nodes[1].applied_after);
}

TEST_CASE("where leases differ the longest counts, also one that was only seen for a while", "[feed][PROTOCOL R17]") {
  Wait wait;
  CHECK_FALSE(wait.is_over(registry({node("a", kBefore, 9s)}), 1ms));
  CHECK(wait.acknowledging.longest_lease() == 9s);
  CHECK_FALSE(wait.is_over(young_registry({}), 9s));
  CHECK(wait.is_over(young_registry({}), 9s + 1ms));
}

TEST_CASE("a shorter lease shortens no wait", "[feed][PROTOCOL R17]") {
  Wait wait;
  CHECK_FALSE(wait.is_over(registry({node("a", kBefore, 1s)}), kLease));
  CHECK(wait.acknowledging.longest_lease() == kLease);
}

TEST_CASE("a node that leaves the registry is not waited for any longer", "[feed][PROTOCOL R17]") {
  Wait wait;
  CHECK_FALSE(wait.is_over(registry({node("a", kBefore), node("b", kEvent)}), 1ms));
  CHECK(wait.is_over(registry({node("b", kEvent)}), 2ms));
  CHECK(wait.outcome().is_complete);
  CHECK_FALSE(wait.outcome().was_waited_out);
  REQUIRE(wait.outcome().nodes.size() == 2);  // It is still named.
  CHECK_FALSE(wait.outcome().nodes[0].applied_after);
}

TEST_CASE("a node that comes while it is waited for is waited for too", "[feed][PROTOCOL R17]") {
  Wait wait;
  CHECK_FALSE(wait.is_over(registry({node("a", kBefore)}), 1ms));
  CHECK_FALSE(wait.is_over(registry({node("a", kEvent), node("b", kBefore)}), 2ms));
  CHECK(wait.is_over(registry({node("a", kEvent), node("b", kEvent)}), 3ms));
}

TEST_CASE("a position in another life of the server is no position here", "[feed][PROTOCOL R18]") {
  Wait wait;
  CHECK_FALSE(wait.is_over(registry({node("a", kAfter, kLease, "another")}), 1ms));
  // A node that has just attached has none.
  CHECK_FALSE(wait.is_over(registry({node("a", {}, kLease, "-")}), 2ms));
  CHECK(wait.is_over(registry({node("a", kAfter)}), 3ms));
}

TEST_CASE("a registry of another life of the server says nothing of the event", "[feed][PROTOCOL R19]") {
  Wait wait;
  Registry another = registry({node("a", kAfter, kLease, "another")});
  another.identity = "another";
  CHECK(wait.acknowledging.is_of_another_life(another));
  CHECK_FALSE(wait.is_over(another, 1ms));
  CHECK_FALSE(wait.acknowledging.is_of_another_life(registry({})));
}

TEST_CASE("a registry is read from what its script answers, and nothing else", "[feed]") {
  const auto good = parse_registry(
      array({text("life"), number(5),
             array({text("a"), text("life 100-2 5000 1763800000123"), text("b"), text("- 0-0 1000 1763800000123")})}));
  REQUIRE(good);
  CHECK(good->identity == "life");
  CHECK(good->identity_age == 5ms);
  REQUIRE(good->nodes.size() == 2);
  CHECK(good->nodes[0].position == cache::EventId{100, 2});
  CHECK(good->nodes[0].lease == 5s);
  CHECK(good->nodes[1].identity == "-");
  const redis::Reply bad[] = {
      {},
      {.kind = redis::Reply::Kind::Error, .text = "NOPERM"},
      array({text("life"), number(5)}),
      array({text("life"), number(5), array({text("a"), text("")})}),
      array({text("life"), number(5), array({text("a"), text("life 100 5000 1")})}),
      array({text("life"), number(5), array({text("a"), text("life 100-0 soon 1")})}),
  };
  for (const redis::Reply& reply : bad) CHECK_FALSE(parse_registry(reply));
}

TEST_CASE("what was written is read from what its script answers, and nothing else", "[feed]") {
  const auto good = parse_written(array({text("5-1"), text("life")}));
  REQUIRE(good);
  CHECK(good->id == cache::EventId{5, 1});
  CHECK(good->identity == "life");
  CHECK_FALSE(parse_written({}));
  CHECK_FALSE(parse_written({.kind = redis::Reply::Kind::Error, .text = "OOM"}));
  CHECK_FALSE(parse_written(array({text("5-1")})));
  CHECK_FALSE(parse_written(array({text("five"), text("life")})));
}
