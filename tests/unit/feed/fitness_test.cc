#include "feed/fitness.h"

#include "support/catch.h"
#include "support/redis_client.h"
#include "unit/feed/replies.h"

using namespace edge;
using namespace edge::feed;
using namespace std::chrono_literals;
using edge::test::RedisClient;
using edge::test::RedisServer;

namespace {

redis::Reply config(std::string name, std::string value) {
  return array({text(std::move(name)), text(std::move(value))});
}
const redis::Reply kRefused{.kind = redis::Reply::Kind::Error, .text = "NOPERM"};

// A Redis as it should be.
struct Answers {
  redis::Reply server = text("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n");
  redis::Reply replication = text("# Replication\r\nrole:master\r\nconnected_slaves:0\r\n");
  redis::Reply replicas_to_write = config("min-replicas-to-write", "0");
  redis::Reply memory_policy = config("maxmemory-policy", "noeviction");
  redis::Reply stream_type = text("stream");
  redis::Reply replicas_lag = config("min-replicas-max-lag", "10");

  std::vector<redis::Reply> all() const {
    return {server, replication, replicas_to_write, memory_policy, stream_type, replicas_lag};
  }

  // The one problem it has, or none.
  std::string problem() const {
    const auto problems = judge_fitness(all());
    REQUIRE(problems.size() <= 1);
    return problems.empty() ? "" : problems[0];
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a Redis as it should be has no problem", "[feed]") {
  Answers answers;
  CHECK(answers.problem().empty());
  answers.stream_type = text("none");
  CHECK(answers.problem().empty());
  answers.memory_policy = config("maxmemory-policy", "volatile-lru");
  CHECK(answers.problem().empty());
  answers.server = text("redis_version:8.2.0\r\n");
  CHECK(answers.problem().empty());
}

TEST_CASE("a replica without min-replicas-to-write is a problem, for a deposed primary would not notice",
          "[feed][PROTOCOL R8]") {
  Answers answers;
  answers.replication = text("role:master\r\nconnected_slaves:1\r\n");
  CHECK(has(answers.problem(), "min-replicas-to-write is 0"));
  answers.replicas_to_write = config("min-replicas-to-write", "1");
  CHECK(answers.problem().empty());
  answers.replicas_to_write = kRefused;
  CHECK(has(answers.problem(), "CONFIG GET is refused"));
  answers.replication = text("role:master\r\nconnected_slaves:0\r\n");
  CHECK(answers.problem().empty());
}

TEST_CASE("where sentinels choose the primary min-replicas-to-write counts without a replica, too",
          "[feed][PROTOCOL R8]") {
  Answers answers;
  REQUIRE(judge_fitness(answers.all(), true).size() == 1);
  CHECK(judge_fitness(answers.all(), true)[0].find("sentinels may put another in its place") == 0);
  answers.replicas_to_write = kRefused;
  CHECK(judge_fitness(answers.all(), true).size() == 1);
  answers.replicas_to_write = config("min-replicas-to-write", "1");
  CHECK(judge_fitness(answers.all(), true).empty());
}

TEST_CASE("each thing that is not as it should be is named", "[feed]") {
  Answers answers;
  SECTION("version") {
    answers.server = text("redis_version:6.2.14\r\n");
    CHECK(has(answers.problem(), "Redis 6.2.14 does not count"));
  }
  SECTION("role") {
    answers.replication = text("role:slave\r\nconnected_slaves:0\r\n");
    CHECK(has(answers.problem(), "replica"));
  }
  SECTION("eviction") {
    answers.memory_policy = config("maxmemory-policy", "allkeys-lru");
    CHECK(has(answers.problem(), "maxmemory-policy allkeys-lru"));
  }
  SECTION("type") {
    answers.stream_type = text("hash");
    CHECK(has(answers.problem(), "holds a hash"));
  }
}

TEST_CASE("a Redis that tells nothing is not accused of anything", "[feed]") {
  CHECK(judge_fitness({kRefused, kRefused, kRefused, kRefused, kRefused, kRefused}).size() <= 1);
}

TEST_CASE("an old primary may take writes for min-replicas-max-lag, where a replica is asked for",
          "[feed][PROTOCOL R18]") {
  Answers answers;
  CHECK(failover_lag(answers.all()) == 0ms);
  answers.replicas_to_write = config("min-replicas-to-write", "1");
  CHECK(failover_lag(answers.all()) == 10s);
  answers.replicas_lag = config("min-replicas-max-lag", "2");
  CHECK(failover_lag(answers.all()) == 2s);
  answers.replicas_lag = kRefused;
  CHECK(failover_lag(answers.all()) == 0ms);
}

TEST_CASE("a real Redis answers the questions", "[feed]") {
  RedisServer server;
  RedisClient client{server};
  const auto ask = [&] {
    std::vector<redis::Reply> answers;
    for (const auto& question : fitness_questions("updates")) answers.push_back(client.ask(question));
    return judge_fitness(answers);
  };
  CHECK(ask().empty());
  client.ask({"CONFIG", "SET", "maxmemory-policy", "allkeys-lfu"});
  client.ask({"SET", "updates", "text"});
  const auto problems = ask();
  REQUIRE(problems.size() == 2);
  CHECK(has(problems[0], "allkeys-lfu"));
  CHECK(has(problems[1], "holds a string"));
}
