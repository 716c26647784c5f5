#include "feed/fitness.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "redis/info.h"

namespace edge::feed {
namespace {

// In the order of the questions.
enum Question : std::size_t { Server, Replication, ReplicasToWrite, MemoryPolicy, StreamType, ReplicasLag, Count };

constexpr std::uint64_t kMajorVersionMin = 7;  // The first that counts entries-added.

}  // namespace

std::vector<std::vector<std::string>> fitness_questions(const std::string& stream) {
  return {{"INFO", "server"},
          {"INFO", "replication"},
          {"CONFIG", "GET", "min-replicas-to-write"},
          {"CONFIG", "GET", "maxmemory-policy"},
          {"TYPE", stream},
          {"CONFIG", "GET", "min-replicas-max-lag"}};
}

std::chrono::milliseconds failover_lag(const std::vector<redis::Reply>& answers) {
  EDGE_CHECK(answers.size() == Question::Count);
  // Not whether there is a replica now: just after a failover there is none.
  const auto replicas = try_unsigned(redis::config_value(answers[ReplicasToWrite]).value_or("")).value_or(0);
  const auto seconds = try_unsigned(redis::config_value(answers[ReplicasLag]).value_or(""));
  constexpr std::uint64_t kSecondsMax = 3600;  // More is no failover that anybody waits for.
  if (replicas == 0 || !seconds || *seconds > kSecondsMax) return {};
  return std::chrono::seconds{*seconds};
}

std::vector<std::string> judge_fitness(const std::vector<redis::Reply>& answers, bool has_sentinels) {
  EDGE_CHECK(answers.size() == Question::Count);
  std::vector<std::string> problems;
  const std::string_view version = redis::info_value(answers[Server], "redis_version");
  const auto major = try_unsigned(version.substr(0, version.find('.')));
  if (major && *major < kMajorVersionMin)
    problems.push_back("Redis " + std::string(version) +
                       " does not count the entries of a stream, so no lease is ever given; use 7 or later");
  if (redis::info_value(answers[Replication], "role") == "slave")
    problems.push_back("this is a replica, which takes no writes; name its primary");
  const auto replicas = try_unsigned(redis::info_value(answers[Replication], "connected_slaves")).value_or(0);
  const auto to_write = redis::config_value(answers[ReplicasToWrite]);
  const bool is_replicated = replicas > 0 || has_sentinels;
  const std::string whose = replicas > 0 ? "it has a replica" : "sentinels may put another in its place";
  if (is_replicated && !to_write)
    problems.push_back(whose +
                       ", and CONFIG GET is refused, so nobody can tell whether min-replicas-to-write "
                       "is at least 1; without that a deposed primary gives leases for ever");
  if (is_replicated && to_write == "0")
    problems.push_back(whose +
                       " and min-replicas-to-write is 0: a deposed primary would give leases for ever; "
                       "set it to 1, and min-replicas-max-lag to a few seconds");
  if (const auto policy = redis::config_value(answers[MemoryPolicy]); policy && policy->starts_with("allkeys"))
    problems.push_back("maxmemory-policy " + *policy +
                       " may evict the stream, and each time all that is held would be revalidated; use noeviction or "
                       "a volatile one");
  // Where TYPE is refused, reading will tell.
  const redis::Reply& type = answers[StreamType];
  if (type.is_text() && type.text != "none" && type.text != "stream")
    problems.push_back("the key of the stream holds a " + type.text);
  return problems;
}

}  // namespace edge::feed
