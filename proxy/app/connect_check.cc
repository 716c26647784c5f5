#include "app/connect_check.h"

#include <memory>
#include <optional>

#include "app/one_request.h"
#include "event/event_loop.h"
#include "feed/fitness.h"
#include "redis/primary_connection.h"
#include "redis/sentinel_ask.h"
#include "redis/sentinel_memory.h"
#include "tier2/fitness.h"

namespace edge::app {
namespace {

constexpr std::chrono::milliseconds kTimeout{2'000};

using Questions = std::vector<std::vector<std::string>>;

// Asks Redis all the questions; its answers, or why there are none.
Result<std::vector<redis::Reply>> ask_redis(const redis::RedisUrl& url, const Questions& questions) {
  const SystemClock clock;
  event::EventLoop loop(clock);
  std::vector<redis::Reply> answers;
  std::optional<Error> failure;
  redis::SentinelMemory sentinels;
  redis::PrimaryConnection* connection = nullptr;
  const auto ask_all = [&] {
    for (const auto& question : questions)
      connection->command(question, kTimeout, [&](const Result<redis::Reply>& reply) {
        if (!reply) return;  // The connection says why.
        answers.push_back(*reply);
        if (answers.size() == questions.size()) loop.stop();
      });
  };
  redis::PrimaryConnection made(loop, url, kTimeout, sentinels, [&](const Status& state) {
    if (state) return ask_all();
    failure = state.error();
    loop.stop();
  });
  connection = &made;
  loop.run();
  if (failure) return Failure{*failure};
  return answers;
}

// What is wrong with a sentinel, or empty. Each is asked: one that cannot answer is not missed until another is gone.
std::string problem_of(const redis::RedisUrl& sentinel, const std::string& name) {
  const SystemClock clock;
  event::EventLoop loop(clock);
  std::string problem;
  const redis::SentinelAsk ask(loop, sentinel, name, kTimeout, [&](const Result<redis::NamedPrimary>& named) {
    if (!named) problem = named.error().message;
    loop.stop();
  });
  loop.run();
  return problem;
}

// What is wrong with a Redis, each problem with its key before it.
template <class Judge>
void check_redis(const std::string& key, const redis::RedisUrl& url, const Questions& questions, Judge judge,
                 std::vector<std::string>& problems) {
  const auto answers = ask_redis(url, questions);
  if (!answers) problems.push_back(key + answers.error().message);
  if (answers)
    for (const std::string& problem : judge(*answers)) problems.push_back(key + problem);
  // Where nobody led to the primary that has been said of each.
  if (answers)
    for (const redis::RedisUrl& sentinel : url.sentinels)
      if (std::string problem = problem_of(sentinel, url.primary_name); !problem.empty())
        problems.push_back(key + problem);
}

}  // namespace

std::vector<std::string> check_connections(const Config& config) {
  std::vector<std::string> problems;
  if (!config.updates_url.empty()) {
    const bool has_sentinels = !config.updates.url.sentinels.empty();
    check_redis(
        "updates.url: ", config.updates.url, feed::fitness_questions(config.updates.stream),
        [&](const auto& answers) { return feed::judge_fitness(answers, has_sentinels); }, problems);
  }
  if (!config.redis_url.empty())
    check_redis("redis.url: ", config.tier.url, tier2::fitness_questions(), tier2::judge_fitness, problems);
  for (const std::string& url : config.origin.urls) {
    origin::OriginOptions one = config.origin;
    one.urls = {url};
    one.weights.clear();
    // Whatever it answers, it is there.
    const auto answer = ask_once(one, {.method = "HEAD", .target = "/"}, {});
    if (!answer) problems.push_back("origin.urls: " + url + ": " + answer.error().message);
  }
  return problems;
}

}  // namespace edge::app
