// What so many checks say about all answers. Pure.
#pragma once

#include <cstdint>

namespace edge::verify {

// The share of inconsistent answers is below this with 95 % confidence, by Clopper and Pearson's exact bound
// (one-sided) for `bad` of `checks`: about 3/checks where none was bad, 1 where nothing was checked.
double share_bound(std::uint64_t bad, std::uint64_t checks);

}  // namespace edge::verify
