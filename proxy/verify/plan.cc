#include "verify/plan.h"

namespace edge::verify {

bool Plan::add(std::uint64_t change, Instant heard) {
  if (planned_.size() + scales_.size() > checks_max_) return false;
  for (std::size_t i = 0; i < scales_.size(); ++i) planned_.push({heard + scales_[i], change, i});
  return true;
}

std::vector<Plan::Due> Plan::take_due(Instant now) {
  std::vector<Due> due;
  while (!planned_.empty() && planned_.top().at <= now) {
    due.push_back(planned_.top());
    planned_.pop();
  }
  return due;
}

std::optional<Instant> Plan::next() const {
  if (planned_.empty()) return std::nullopt;
  return planned_.top().at;
}

}  // namespace edge::verify
