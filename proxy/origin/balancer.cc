#include "origin/balancer.h"

#include <algorithm>

#include "base/check.h"

namespace edge::origin {

Balancer::Balancer(std::vector<OriginUrlRef> urls) {
  EDGE_CHECK(!urls.empty());
  for (auto& url : urls) targets_.push_back(Target{.url = std::move(url)});
}

OriginUrlRef Balancer::find_next(Instant now, std::span<const OriginUrlRef> tried) {
  const Target* fallback = nullptr;
  for (std::size_t i = 0; i < targets_.size(); ++i) {
    const std::size_t index = (next_ + i) % targets_.size();
    const Target& target = targets_[index];
    if (std::find(tried.begin(), tried.end(), target.url) != tried.end()) continue;
    if (target.ejected_until <= now) {
      next_ = (index + 1) % targets_.size();
      return target.url;
    }
    if (fallback == nullptr || target.failed_at < fallback->failed_at) fallback = &target;
  }
  return fallback == nullptr ? nullptr : fallback->url;
}

void Balancer::eject(const OriginUrlRef& url, Instant now, std::chrono::milliseconds duration) {
  if (Target* const target = find(url)) {
    target->failed_at = now;
    target->ejected_until = now + duration;
  }
}

void Balancer::readmit(const OriginUrlRef& url) {
  if (Target* const target = find(url)) target->ejected_until = Instant{};
}

Balancer::Target* Balancer::find(const OriginUrlRef& url) {
  const auto found = std::find_if(targets_.begin(), targets_.end(), [&](const Target& t) { return t.url == url; });
  return found == targets_.end() ? nullptr : &*found;
}

}  // namespace edge::origin
