#include "app/connect_check.h"

#include <memory>
#include <optional>

#include "app/one_request.h"
#include "event/event_loop.h"
#include "feed/fitness.h"
#include "redis/connection.h"
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
  redis::Connection* connection = nullptr;
  const auto ask_all = [&] {
    for (const auto& question : questions)
      connection->command(question, kTimeout, [&](const Result<redis::Reply>& reply) {
        if (!reply) return;  // The connection says why.
        answers.push_back(*reply);
        if (answers.size() == questions.size()) loop.stop();
      });
  };
  redis::Connection made(loop, url, kTimeout, [&](const Status& state) {
    if (state) return ask_all();
    failure = state.error();
    loop.stop();
  });
  connection = &made;
  loop.run();
  if (failure) return Failure{*failure};
  return answers;
}

}  // namespace

std::vector<std::string> check_connections(const Config& config) {
  std::vector<std::string> problems;
  if (!config.updates_url.empty()) {
    const auto answers = ask_redis(config.updates.url, feed::fitness_questions(config.updates.stream));
    if (!answers) problems.push_back("updates.url: " + answers.error().message);
    if (answers)
      for (const std::string& problem : feed::judge_fitness(*answers)) problems.push_back("updates.url: " + problem);
  }
  if (!config.redis_url.empty()) {
    const auto answers = ask_redis(config.tier.url, tier2::fitness_questions());
    if (!answers) problems.push_back("redis.url: " + answers.error().message);
    if (answers)
      for (const std::string& problem : tier2::judge_fitness(*answers)) problems.push_back("redis.url: " + problem);
  }
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
