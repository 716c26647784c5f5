#include "limit/rate_table.h"

#include <atomic>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace edge;
using namespace edge::limit;
using namespace std::chrono_literals;

namespace {

struct Story {
  explicit Story(std::size_t entries = 1024) : table(entries) {}

  bool may(std::string_view who, const Rate& rate) { return take(who, rate).is_allowed; }
  // By a hash without a key, so that who shares a place with whom is the same in each run.
  Taken take(std::string_view who, const Rate& rate) {
    return table.take(std::hash<std::string_view>{}(who), rate, clock.now());
  }
  // So many of a row of requests, all at once, that were allowed.
  int allowed(std::string_view who, const Rate& rate, int requests) {
    int count = 0;
    for (int i = 0; i < requests; ++i) count += may(who, rate) ? 1 : 0;
    return count;
  }

  FakeClock clock;
  RateTable table;
};

}  // namespace

TEST_CASE("a burst is allowed at once, and then one request each interval", "[limit]") {
  Story story;
  const Rate rate{.interval = 100ms, .burst = 5};
  CHECK(story.allowed("ann", rate, 20) == 5);
  story.clock.advance(99ms);
  CHECK_FALSE(story.may("ann", rate));
  story.clock.advance(1ms);
  CHECK(story.allowed("ann", rate, 20) == 1);
  story.clock.advance(250ms);
  CHECK(story.allowed("ann", rate, 20) == 2);
  story.clock.advance(1h);
  CHECK(story.allowed("ann", rate, 20) == 5);
}

TEST_CASE("who is refused is told how long to wait, and then it is allowed", "[limit]") {
  Story story;
  const Rate rate{.interval = 60s, .burst = 1};
  CHECK(story.may("ann", rate));
  story.clock.advance(10s);
  const Taken refused = story.take("ann", rate);
  CHECK_FALSE(refused.is_allowed);
  CHECK(refused.wait == 50s);
  story.clock.advance(refused.wait - 1ns);
  CHECK_FALSE(story.may("ann", rate));
  story.clock.advance(1ns);
  CHECK(story.may("ann", rate));
}

TEST_CASE("asking on while refused shuts nobody out for longer", "[limit]") {
  Story story;
  const Rate rate{.interval = 1s, .burst = 1};
  CHECK(story.may("ann", rate));
  for (int i = 0; i < 9; ++i) {
    story.clock.advance(100ms);
    CHECK_FALSE(story.may("ann", rate));
  }
  story.clock.advance(100ms);
  CHECK(story.may("ann", rate));
}

TEST_CASE("one key's requests cost no other anything", "[limit]") {
  Story story;
  const Rate rate{.interval = 1s, .burst = 3};
  CHECK(story.allowed("ann", rate, 10) == 3);
  CHECK(story.allowed("bob", rate, 10) == 3);
}

TEST_CASE("a clock that is a little behind has to wait for that little longer, and gives nothing away", "[limit]") {
  Story story;
  const Rate rate{.interval = 1s, .burst = 2};
  const Instant now = story.clock.now();
  CHECK(story.table.take(7, rate, now).is_allowed);
  CHECK(story.table.take(7, rate, now - 1ms).wait == 1ms);
  CHECK(story.table.take(7, rate, now).is_allowed);
  CHECK_FALSE(story.table.take(7, rate, now).is_allowed);
  CHECK(story.table.take(7, rate, now + 1s).is_allowed);
}

TEST_CASE("a flood of a million keys takes no more memory, and makes nobody forgotten who asks too much", "[limit]") {
  Story story(4096);
  const Rate rate{.interval = 1s, .burst = 10};
  // It owes ten seconds; each of the flood owes one.
  CHECK(story.allowed("abuser", rate, 100) == 10);
  std::uint64_t forgotten = 0;
  for (int i = 0; i < 1'000'000; ++i) {
    const Taken taken = story.take("flood-" + std::to_string(i), rate);
    REQUIRE(taken.is_allowed);
    forgotten += taken.has_forgotten ? 1 : 0;
  }
  CHECK(forgotten > 990'000);
  CHECK(story.table.entries() == 4096);
  CHECK_FALSE(story.may("abuser", rate));
}

TEST_CASE("buckets that are full give way before all others, without being forgotten", "[limit]") {
  Story story(1024);
  const Rate quick{.interval = 1ms, .burst = 1};
  const Rate slow{.interval = 1h, .burst = 1};
  const auto name = [](const char* kind, int i) { return kind + std::to_string(i); };
  for (int i = 0; i < 200; ++i) CHECK_FALSE(story.take(name("slow-", i), slow).has_forgotten);
  for (int round = 0; round < 1000; ++round) {
    story.clock.advance(1ms);  // Those of the round before are full again.
    for (int i = 0; i < 100; ++i) story.take(name("quick-", 100 * round + i), quick);
  }
  int remembered = 0;
  for (int i = 0; i < 200; ++i) remembered += story.may(name("slow-", i), slow) ? 0 : 1;
  CHECK(remembered == 200);
}

TEST_CASE("who is forgotten has a full bucket, never less", "[limit]") {
  Story story(1024);
  const Rate rate{.interval = 1s, .burst = 4};
  CHECK(story.allowed("ann", rate, 1) == 1);
  for (int i = 0; i < 100'000; ++i) story.allowed("flood-" + std::to_string(i), rate, 2);
  CHECK(story.allowed("ann", rate, 10) == 4);
}

TEST_CASE("threads that ask for one key get no more than one thread would", "[limit][threads]") {
  RateTable table(1024);
  const Rate rate{.interval = 1h, .burst = 1000};
  const Instant now = FakeClock().now();
  std::atomic<int> allowed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 2000; ++i) allowed += table.take(42, rate, now).is_allowed ? 1 : 0;
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(allowed == 1000);
}
