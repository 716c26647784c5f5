#include "feed/fitness.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/text.h"

namespace edge::feed {
namespace {

// In the order of the questions.
enum Question : std::size_t { Server, Replication, ReplicasToWrite, MemoryPolicy, StreamType, Count };

constexpr std::uint64_t kMajorVersionMin = 7;  // The first that counts entries-added.

// A line "NAME:VALUE" of INFO; empty when it is not there.
std::string_view info(const redis::Reply& reply, std::string_view name) {
  std::string_view rest = reply.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find("\r\n"), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 2, rest.size()));
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ':')
      return line.substr(name.size() + 1);
  }
  return {};
}

// The value of a CONFIG GET; nullopt where that is refused.
std::optional<std::string> config(const redis::Reply& reply) {
  if (reply.items.size() != 2) return std::nullopt;
  return reply.items[1].text;
}

}  // namespace

std::vector<std::vector<std::string>> fitness_questions(const std::string& stream) {
  return {{"INFO", "server"},
          {"INFO", "replication"},
          {"CONFIG", "GET", "min-replicas-to-write"},
          {"CONFIG", "GET", "maxmemory-policy"},
          {"TYPE", stream}};
}

std::vector<std::string> judge_fitness(const std::vector<redis::Reply>& answers) {
  EDGE_CHECK(answers.size() == Question::Count);
  std::vector<std::string> problems;
  const std::string_view version = info(answers[Server], "redis_version");
  const auto major = try_unsigned(version.substr(0, version.find('.')));
  if (major && *major < kMajorVersionMin)
    problems.push_back("Redis " + std::string(version) +
                       " does not count the entries of a stream, so no lease is ever given; use 7 or later");
  if (info(answers[Replication], "role") == "slave")
    problems.push_back("this is a replica, which takes no writes; name its primary");
  const auto replicas = try_unsigned(info(answers[Replication], "connected_slaves")).value_or(0);
  const auto to_write = config(answers[ReplicasToWrite]);
  if (replicas > 0 && !to_write)
    problems.push_back(
        "it has a replica, and CONFIG GET is refused, so nobody can tell whether min-replicas-to-write "
        "is at least 1; without that a deposed primary gives leases for ever");
  if (replicas > 0 && to_write == "0")
    problems.push_back(
        "it has a replica and min-replicas-to-write is 0: a deposed primary would give leases for ever; "
        "set it to 1, and min-replicas-max-lag to a few seconds");
  if (const auto policy = config(answers[MemoryPolicy]); policy && policy->starts_with("allkeys"))
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
