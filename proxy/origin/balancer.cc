#include "origin/balancer.h"

#include <algorithm>

#include "base/check.h"

namespace edge::origin {

Balancer::Balancer(std::vector<OriginUrlRef> urls, std::span<const std::uint32_t> weights,
                   const BalancerOptions& options, metrics::WorkerMetrics& metrics)
    : metrics_(metrics) {
  reload(std::move(urls), weights, options);
}

Balancer::~Balancer() {
  for (Target& target : targets_)
    if (target.is_ejected) metrics_.origin_urls_ejected.subtract();
}

OriginUrlRef Balancer::find_next(Instant now, std::span<const OriginUrlRef> tried) {
  for (const bool is_unhealthy : {false, true})
    if (OriginUrlRef url = find_among(is_unhealthy, now, tried)) return url;
  return nullptr;
}

// The smooth weighted round robin that nginx made known: all get credit by their weights, the richest pays for all.
OriginUrlRef Balancer::find_among(bool is_unhealthy, Instant now, std::span<const OriginUrlRef> tried) {
  const Target* fallback = nullptr;
  Target* next = nullptr;
  std::int64_t given = 0;
  for (Target& target : targets_) {
    if (target.is_unhealthy != is_unhealthy) continue;
    if (std::find(tried.begin(), tried.end(), target.url) != tried.end()) continue;
    if (target.is_ejected && target.ejected_until > now) {
      if (fallback == nullptr || target.failed_at < fallback->failed_at) fallback = &target;
      continue;
    }
    const std::int64_t share = this->share(target, now);
    target.credit += share;
    given += share;
    if (next == nullptr || target.credit > next->credit) next = &target;
  }
  if (next == nullptr) return fallback == nullptr ? nullptr : fallback->url;
  next->credit -= given;
  if (next->is_ejected) {
    // Should nobody hear what comes of this, the next one tries after as long again.
    next->is_being_tried = true;
    next->ejected_until = now + options_.eject;
  }
  return next->url;
}

bool Balancer::has_well(Instant now, std::span<const OriginUrlRef> tried) const {
  return std::ranges::any_of(targets_, [&](const Target& target) {
    return std::find(tried.begin(), tried.end(), target.url) == tried.end() && !target.is_unhealthy &&
           !(target.is_ejected && target.ejected_until > now);
  });
}

bool Balancer::is_ejected(const OriginUrlRef& url) const {
  return std::ranges::any_of(targets_, [&](const Target& target) { return target.url == url && target.is_ejected; });
}

void Balancer::note(const OriginUrlRef& url, Verdict verdict, Instant begun_at, Instant now) {
  Target* const target = find(url);
  if (target == nullptr || begun_at < target->ejected_at) return;
  switch (verdict) {
    case Verdict::Unreachable:
      return note_failure(*target, metrics::EjectionCause::Unreachable, now);
    case Verdict::Failed:
    case Verdict::BadStatus:
      return note_failure(*target, metrics::EjectionCause::Failures, now);
    case Verdict::Answered:
      // The failures before it still count: what follows may break as they did.
      return readmit(*target, now);
    case Verdict::Complete:
      target->failures = 0;
      return readmit(*target, now);
    case Verdict::Nothing:
      return;
  }
}

void Balancer::set_unhealthy(std::span<const OriginUrl> urls, Instant now) {
  for (Target& target : targets_) {
    const bool was_unhealthy = std::exchange(target.is_unhealthy, std::ranges::find(urls, *target.url) != urls.end());
    if (!was_unhealthy || target.is_unhealthy) continue;
    target.failures = 0;
    readmit(target, now);
    begin_slowly(target, now);
  }
}

void Balancer::reload(std::vector<OriginUrlRef> urls, std::span<const std::uint32_t> weights,
                      const BalancerOptions& options) {
  EDGE_CHECK(!urls.empty());
  options_ = options;
  std::vector<Target> targets;
  for (OriginUrlRef& url : urls) {
    const auto known = std::ranges::find_if(targets_, [&](const Target& t) { return t.url && *t.url == *url; });
    if (known == targets_.end()) {
      targets.push_back(Target{.url = std::move(url)});
    } else {
      targets.push_back(std::exchange(*known, Target{}));
    }
    targets.back().weight = targets.size() <= weights.size() ? weights[targets.size() - 1] : 1;
    targets.back().credit = 0;
  }
  for (Target& gone : targets_)
    if (gone.is_ejected) metrics_.origin_urls_ejected.subtract();
  targets_ = std::move(targets);
}

void Balancer::note_failure(Target& target, metrics::EjectionCause cause, Instant now) {
  target.failed_at = now;
  ++target.failures;
  if (target.is_ejected) {
    // Else it was asked because there was no other, and that it fails is nothing new.
    if (target.is_being_tried) eject(target, cause, now);
    return;
  }
  const bool is_reason = cause == metrics::EjectionCause::Unreachable ||
                         (options_.failures_max > 0 && target.failures >= options_.failures_max);
  if (!is_reason || options_.eject.count() == 0) return;
  if (!may_eject(target, cause)) return metrics_.origin_ejections_withheld.add();
  if (now >= target.readmitted_at + options_.eject_max) target.ejections = 0;
  target.is_ejected = true;
  metrics_.origin_urls_ejected.add();
  eject(target, cause, now);
}

// The share is that after the ejection, and no URL is beyond it.
bool Balancer::may_eject(const Target& target, metrics::EjectionCause cause) const {
  if (cause == metrics::EjectionCause::Unreachable) return true;
  const auto out = static_cast<std::size_t>(std::ranges::count_if(
      targets_, [&](const Target& other) { return &other == &target || other.is_ejected || other.is_unhealthy; }));
  return out < targets_.size() && out * 100 <= targets_.size() * options_.ejected_percent_max;
}

void Balancer::eject(Target& target, metrics::EjectionCause cause, Instant now) {
  constexpr std::uint32_t kDoublingsMax = 20;  // More than lead from 1 ms to any longest time.
  const auto doubled = options_.eject * (1u << std::min(target.ejections, kDoublingsMax));
  ++target.ejections;
  target.is_being_tried = false;
  target.ejected_at = now;
  target.ejected_until = now + std::min(doubled, options_.eject_max);
  metrics_.origin_ejections[cause].add();
}

void Balancer::readmit(Target& target, Instant now) {
  if (!target.is_ejected) return;
  target.is_ejected = target.is_being_tried = false;
  metrics_.origin_urls_ejected.subtract();
  begin_slowly(target, now);
}

void Balancer::begin_slowly(Target& target, Instant now) {
  target.is_starting = true;
  target.credit = 0;  // Or what it was given before would come all at once.
  target.readmitted_at = now;
}

// In thousandths of a weight; never less than a tenth, since what nobody asks does not warm up.
std::int64_t Balancer::share(Target& target, Instant now) const {
  const std::int64_t whole = std::int64_t{1'000} * target.weight;
  if (!target.is_starting) return whole;
  const auto since = now - target.readmitted_at;
  if (since >= options_.slow_start) {
    target.is_starting = false;
    return whole;
  }
  return std::max(whole / 10, whole * since.count() / std::chrono::nanoseconds{options_.slow_start}.count());
}

Balancer::Target* Balancer::find(const OriginUrlRef& url) {
  const auto found = std::find_if(targets_.begin(), targets_.end(), [&](const Target& t) { return t.url == url; });
  return found == targets_.end() ? nullptr : &*found;
}

}  // namespace edge::origin
