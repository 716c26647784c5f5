#include "tier2/fitness.h"

#include "base/check.h"
#include "base/text.h"
#include "redis/info.h"

namespace edge::tier2 {
namespace {

// In the order of the questions.
enum Question : std::size_t { Server, Replication, Memory, Scripting, Count };

constexpr std::uint64_t kMajorVersionMin = 7;  // The first whose scripts may say that they free more than they take.

}  // namespace

std::vector<std::vector<std::string>> fitness_questions() {
  return {{"INFO", "server"}, {"INFO", "replication"}, {"INFO", "memory"}, {"EVAL", "return 1", "0"}};
}

std::vector<std::string> judge_fitness(const std::vector<redis::Reply>& answers) {
  EDGE_CHECK(answers.size() == Question::Count);
  std::vector<std::string> problems;
  const std::string_view version = redis::info_value(answers[Server], "redis_version");
  const auto major = try_unsigned(version.substr(0, version.find('.')));
  if (major && *major < kMajorVersionMin)
    problems.push_back("Redis " + std::string(version) + " does not run the scripts of the tier; use 7 or later");
  if (redis::info_value(answers[Replication], "role") == "slave")
    problems.push_back("this is a replica, which takes no writes; name its primary");
  const auto maxmemory = try_unsigned(redis::info_value(answers[Memory], "maxmemory"));
  if (maxmemory.value_or(0) > 0 && redis::info_value(answers[Memory], "maxmemory_policy") == "noeviction")
    problems.push_back(
        "maxmemory-policy is noeviction, so that once it is full nothing new is kept; use allkeys-lfu, or volatile-lfu "
        "where it has the update feed as well");
  if (answers[Scripting].is_error()) problems.push_back("it refuses scripts: " + answers[Scripting].text);
  return problems;
}

}  // namespace edge::tier2
