// Whether a Redis is set up as the tier needs it.
#pragma once

#include <string>
#include <vector>

#include "redis/reply.h"

namespace edge::tier2 {

// What to ask; the answers go to judge_fitness() in the same order, errors among them.
std::vector<std::vector<std::string>> fitness_questions();

// A sentence for each thing that is not as it should be, with what would be right. It may evict what it likes: what is
// missing costs a miss, never a floor (PROTOCOL R28), for a bucket has all that guards it in one key.
std::vector<std::string> judge_fitness(const std::vector<redis::Reply>& answers);

}  // namespace edge::tier2
