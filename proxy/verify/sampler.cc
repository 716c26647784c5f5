#include "verify/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace edge::verify {
namespace {

constexpr std::chrono::duration<double> kMemory{2};

}  // namespace

std::vector<std::size_t> Sampler::choose(std::size_t count, Instant now) {
  if (last_ != Instant{}) recent_ *= std::exp(-std::chrono::duration<double>(now - last_) / kMemory);
  last_ = now;
  recent_ += static_cast<double>(count);
  const double chance = std::min(1.0, per_second_ * kMemory.count() / recent_);

  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random_);
  std::vector<std::size_t> chosen;
  std::uniform_real_distribution<double> dice;
  for (const std::size_t index : order)
    if (dice(random_) < chance && pace_.try_take(now)) chosen.push_back(index);
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace edge::verify
