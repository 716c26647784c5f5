// Which changes are checked when there are more than may be: each with the same chance. Pure.
#pragma once

#include <cstddef>
#include <random>
#include <vector>

#include "base/clock.h"
#include "verify/pace.h"

namespace edge::verify {

class Sampler {
 public:
  Sampler(double per_second, std::uint64_t seed)
      : per_second_(per_second), pace_(per_second, per_second), random_(seed) {}

  // Of `count` changes that were read together, which ones to check, in ascending order. The chance is what is allowed
  // by how many came within the last seconds; the pace holds whatever the chance was.
  std::vector<std::size_t> choose(std::size_t count, Instant now);

 private:
  const double per_second_;
  Pace pace_;
  std::mt19937_64 random_;
  double recent_ = 0;  // Changes, fading away over kMemory.
  Instant last_{};
};

}  // namespace edge::verify
