#include "cache/s3_fifo.h"

#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "support/catch.h"

using edge::cache::EvictionNode;
using edge::cache::S3Fifo;
using edge::cache::S3FifoOptions;
using Queue = EvictionNode::Queue;

namespace {

// Some stored responses, each a node; keys are their numbers.
class Responses {
 public:
  explicit Responses(std::size_t count, std::uint32_t bytes = 1'000) : nodes_(count) {
    for (std::size_t key = 0; key < count; ++key) {
      nodes_[key].hash = (key + 1) * 0xd6e8'feb8'6659'fd93u;
      nodes_[key].bytes = bytes;
    }
  }
  EvictionNode& operator[](std::size_t key) { return nodes_[key]; }
  std::size_t size() const { return nodes_.size(); }
  // The number of a node, -1 for none.
  int key_of(const EvictionNode* node) const { return node == nullptr ? -1 : static_cast<int>(node - nodes_.data()); }

 private:
  std::vector<EvictionNode> nodes_;
};

void hit(EvictionNode& node, int times = 1) {
  for (int i = 0; i < times; ++i) S3Fifo::touch(node);
}

// Puts the first `count` into main: each is asked for once while in small, which then has to give way to a giant.
void settle_in_main(S3Fifo& fifo, Responses& responses, std::size_t count) {
  for (std::size_t key = 0; key < count; ++key) {
    EvictionNode giant{.hash = ~key, .bytes = 1u << 30};
    fifo.insert(responses[key]);
    fifo.insert(giant);
    hit(responses[key]);
    REQUIRE(fifo.evict() == &giant);
    REQUIRE(responses[key].queue == Queue::Main);
  }
}

}  // namespace

TEST_CASE("a node is small", "[cache]") { CHECK(sizeof(EvictionNode) <= 32); }

TEST_CASE("nothing held, nothing to evict", "[cache]") {
  S3Fifo fifo;
  CHECK(fifo.evict() == nullptr);
  CHECK(fifo.bytes() == 0);
  CHECK(fifo.count() == 0);
}

TEST_CASE("what was never asked for again leaves in the order it came", "[cache]") {
  S3Fifo fifo;
  Responses responses(3);
  for (std::size_t key = 0; key < 3; ++key) fifo.insert(responses[key]);
  CHECK(responses.key_of(fifo.evict()) == 0);
  CHECK(responses.key_of(fifo.evict()) == 1);
  CHECK(responses.key_of(fifo.evict()) == 2);
  CHECK(fifo.evict() == nullptr);
  CHECK(fifo.statistics().evicted_small == 3);
  CHECK(responses[0].queue == Queue::None);
}

TEST_CASE("bytes and count are of what is held", "[cache]") {
  S3Fifo fifo;
  Responses responses(2);
  responses[1].bytes = 8u << 20;
  fifo.insert(responses[0]);
  fifo.insert(responses[1]);
  CHECK(fifo.bytes() == 1'000 + (8u << 20));
  CHECK(fifo.count() == 2);
  fifo.remove(responses[1]);
  CHECK(fifo.bytes() == 1'000);
  CHECK(fifo.evict() == &responses[0]);
  CHECK(fifo.bytes() == 0);
}

TEST_CASE("a hit moves nothing, and more than three are not counted", "[cache]") {
  S3Fifo fifo;
  Responses responses(2);
  fifo.insert(responses[0]);
  fifo.insert(responses[1]);
  hit(responses[0], 300);
  CHECK(responses[0].hits == 3);
  CHECK(responses[0].newer == &responses[1]);
  CHECK(responses[0].queue == Queue::Small);
}

TEST_CASE("what was asked for while in small moves on to main", "[cache]") {
  S3Fifo fifo;
  Responses responses(2);
  fifo.insert(responses[0]);
  fifo.insert(responses[1]);
  hit(responses[0]);
  CHECK(responses.key_of(fifo.evict()) == 1);
  CHECK(responses[0].queue == Queue::Main);
  CHECK(responses[0].hits == 0);
  CHECK(fifo.small_count() == 0);
  CHECK(fifo.statistics().promotions == 1);
}

TEST_CASE("promotion asks for as many hits as the options say", "[cache]") {
  S3FifoOptions options;
  options.promotion_hits = 2;
  S3Fifo fifo(options);
  Responses responses(2);
  fifo.insert(responses[0]);
  fifo.insert(responses[1]);
  hit(responses[0], 1);
  hit(responses[1], 2);
  CHECK(responses.key_of(fifo.evict()) == 0);
  CHECK(fifo.evict() == &responses[1]);
  CHECK(fifo.statistics().promotions == 1);
}

TEST_CASE("a flood of what is asked for once does not displace what is in main", "[cache]") {
  S3Fifo fifo;
  Responses responses(20'000);
  settle_in_main(fifo, responses, 100);
  const std::uint64_t budget = fifo.bytes() * 10 / 9;
  for (std::size_t key = 100; key < responses.size(); ++key) {
    fifo.insert(responses[key]);
    while (fifo.bytes() > budget) REQUIRE(responses.key_of(fifo.evict()) >= 100);
  }
  for (std::size_t key = 0; key < 100; ++key) REQUIRE(responses[key].queue == Queue::Main);
  CHECK(fifo.statistics().evicted_main == 0);
}

TEST_CASE("main gives way while small is within its share", "[cache]") {
  S3Fifo fifo;
  Responses responses(101);
  settle_in_main(fifo, responses, 100);
  fifo.insert(responses[100]);
  CHECK(responses.key_of(fifo.evict()) == 0);
  CHECK(fifo.statistics().evicted_main == 1);
}

TEST_CASE("a hit buys one more round in main", "[cache]") {
  S3Fifo fifo;
  Responses responses(3);
  settle_in_main(fifo, responses, 3);
  hit(responses[0], 2);
  hit(responses[1], 1);
  CHECK(responses.key_of(fifo.evict()) == 2);
  CHECK(responses.key_of(fifo.evict()) == 1);
  CHECK(responses.key_of(fifo.evict()) == 0);
  CHECK(fifo.statistics().reinsertions == 3);
}

TEST_CASE("what is larger than twice the mean pays two hits for a round in main", "[cache]") {
  S3Fifo fifo;
  Responses responses(10);
  responses[0].bytes = 9'000;
  responses[1].bytes = 9'000;
  settle_in_main(fifo, responses, 10);
  hit(responses[0], 1);
  hit(responses[1], 3);
  hit(responses[2], 1);
  CHECK(responses.key_of(fifo.evict()) == 0);
  CHECK(responses.key_of(fifo.evict()) == 3);
  CHECK(responses[1].hits == 1);
  CHECK(responses[2].hits == 0);
}

TEST_CASE("a key that comes back soon after its eviction enters main at once", "[cache]") {
  S3Fifo fifo;
  Responses responses(4);
  for (std::size_t key = 0; key < 4; ++key) fifo.insert(responses[key]);
  CHECK(responses.key_of(fifo.evict()) == 0);
  fifo.insert(responses[0]);
  CHECK(responses[0].queue == Queue::Main);
  CHECK(fifo.statistics().ghost_hits == 1);
}

TEST_CASE("the larger a response, the sooner its key must be back to enter main", "[cache]") {
  S3Fifo fifo;
  Responses responses(100);
  responses[0].bytes = 20'000;
  for (std::size_t key = 0; key < 100; ++key) fifo.insert(responses[key]);
  for (int i = 0; i < 10; ++i) REQUIRE(fifo.evict() != nullptr);
  // Ten keys were remembered since, and 90,000 bytes are held: 10 times 20,000 is too much, 9 times 1,000 is not.
  fifo.insert(responses[0]);
  fifo.insert(responses[1]);
  CHECK(responses[0].queue == Queue::Small);
  CHECK(responses[1].queue == Queue::Main);
}

TEST_CASE("an invalidated key is not remembered", "[cache]") {
  S3Fifo fifo;
  Responses responses(2);
  fifo.insert(responses[0]);
  fifo.insert(responses[1]);
  hit(responses[0]);
  fifo.remove(responses[0]);
  CHECK(responses[0].queue == Queue::None);
  fifo.insert(responses[0]);
  CHECK(responses[0].queue == Queue::Small);
  CHECK(responses[0].hits == 0);
}

TEST_CASE("what is evicted from main is not remembered", "[cache]") {
  S3Fifo fifo;
  Responses responses(2);
  settle_in_main(fifo, responses, 2);
  REQUIRE(responses.key_of(fifo.evict()) == 0);
  fifo.insert(responses[0]);
  CHECK(responses[0].queue == Queue::Small);
}

TEST_CASE("a newer response takes the place and the hits of the one it replaces", "[cache]") {
  S3Fifo fifo;
  Responses responses(4);
  settle_in_main(fifo, responses, 3);
  hit(responses[0], 2);
  responses[3].bytes = 1'500;

  SECTION("at the old end") {
    fifo.replace(responses[0], responses[3]);
    CHECK(responses[3].hits == 2);
    CHECK(responses[3].newer == &responses[1]);
    CHECK(responses[1].older == &responses[3]);
  }
  SECTION("in between") {
    fifo.replace(responses[1], responses[3]);
    CHECK(responses[0].newer == &responses[3]);
    CHECK(responses[2].older == &responses[3]);
  }
  SECTION("at the new end") {
    fifo.replace(responses[2], responses[3]);
    CHECK(responses[3].newer == nullptr);
    CHECK(responses[1].newer == &responses[3]);
  }
  CHECK(responses[3].queue == Queue::Main);
  CHECK(fifo.count() == 3);
  CHECK(fifo.bytes() == 3'500);
  int evicted = 0;
  while (fifo.evict() != nullptr) ++evicted;
  CHECK(evicted == 3);
}

TEST_CASE("one eviction moves at most so many nodes, however hot all of them are", "[cache]") {
  S3FifoOptions options;
  options.moves_max = 5;
  S3Fifo fifo(options);
  Responses responses(1'000);
  for (std::size_t key = 0; key < responses.size(); ++key) {
    fifo.insert(responses[key]);
    hit(responses[key], 3);
  }
  CHECK(responses.key_of(fifo.evict()) == 5);
  CHECK(fifo.statistics().promotions == 5);
}

TEST_CASE("what goes from main although it was hit is counted", "[cache]") {
  S3FifoOptions options;
  options.moves_max = 2;
  S3Fifo fifo(options);
  Responses responses(2);
  settle_in_main(fifo, responses, 2);
  hit(responses[0], 3);
  hit(responses[1], 3);
  CHECK(fifo.evict() == &responses[0]);
  CHECK(fifo.statistics().evicted_hit == 1);
}

TEST_CASE("the memory of what is remembered stays within 44 bytes for each response held", "[cache]") {
  S3Fifo fifo;
  Responses responses(50'000);
  for (std::size_t key = 0; key < responses.size(); ++key) {
    fifo.insert(responses[key]);
    if (fifo.count() > 5'000) REQUIRE(fifo.evict() != nullptr);
  }
  CHECK(fifo.ghost_bytes() > 0);
  CHECK(fifo.ghost_bytes() <= 44 * 5'001 + 128);
}

TEST_CASE("whatever happens, each node is in one queue and every byte is counted", "[cache]") {
  const auto seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  std::mt19937 random(seed);
  S3FifoOptions options;
  options.moves_max = 1 + seed;
  S3Fifo fifo(options);
  Responses responses(400);
  for (std::size_t key = 0; key < responses.size(); ++key)
    responses[key].bytes = static_cast<std::uint32_t>(300 + random() % 20'000);
  std::set<std::size_t> held;

  const auto check_all = [&] {
    std::uint64_t bytes = 0, small_bytes = 0;
    std::size_t small = 0;
    for (std::size_t key = 0; key < responses.size(); ++key) {
      const EvictionNode& node = responses[key];
      REQUIRE((node.queue != Queue::None) == (held.count(key) == 1));
      REQUIRE(node.hits <= edge::cache::kEvictionHitsMax);
      if (node.queue == Queue::None) continue;
      bytes += node.bytes;
      if (node.queue == Queue::Small) ++small, small_bytes += node.bytes;
      if (node.newer != nullptr) REQUIRE((node.newer->older == &node && node.newer->queue == node.queue));
      if (node.older != nullptr) REQUIRE((node.older->newer == &node && node.older->queue == node.queue));
    }
    REQUIRE(fifo.bytes() == bytes);
    REQUIRE(fifo.count() == held.size());
    REQUIRE(fifo.small_bytes() == small_bytes);
    REQUIRE(fifo.small_count() == small);
  };

  for (int step = 0; step < 20'000; ++step) {
    const std::size_t key = random() % responses.size();
    const std::size_t other = random() % responses.size();
    EvictionNode& node = responses[key];
    if (held.count(key) == 0) {
      fifo.insert(node);
      held.insert(key);
    } else if (const auto dice = random() % 20; dice == 0) {
      fifo.remove(node);
      held.erase(key);
    } else if (dice == 1 && held.count(other) == 0) {
      fifo.replace(node, responses[other]);
      held.erase(key);
      held.insert(other);
    } else {
      hit(node);
    }
    while (fifo.bytes() > 1'000'000) {
      const EvictionNode* const victim = fifo.evict();
      REQUIRE(held.erase(static_cast<std::size_t>(responses.key_of(victim))) == 1);
    }
    if (step % 100 == 0) check_all();
  }
  for (; !held.empty(); held.erase(static_cast<std::size_t>(responses.key_of(fifo.evict())))) check_all();
  CHECK(fifo.evict() == nullptr);
}
