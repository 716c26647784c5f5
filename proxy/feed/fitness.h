// Whether a Redis is set up as the feed needs it (PROTOCOL R8).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "redis/reply.h"

namespace edge::feed {

// What to ask; the answers go to judge_fitness() in the same order, errors among them.
std::vector<std::vector<std::string>> fitness_questions(const std::string& stream);

// For how long after a failover the old primary may still take writes, by the same answers: min-replicas-max-lag where
// min-replicas-to-write asks for one; 0 where it asks for none (then there is no such time), or nobody says.
std::chrono::milliseconds failover_lag(const std::vector<redis::Reply>& answers);

// A sentence for each thing that is not as it should be, with what would be right. `has_sentinels`: they may put
// another in its place, so it is judged as one with a replica also while it has none.
std::vector<std::string> judge_fitness(const std::vector<redis::Reply>& answers, bool has_sentinels = false);

}  // namespace edge::feed
