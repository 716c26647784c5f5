#include "metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <utility>

#include "base/check.h"
#include "metrics/collector.h"

namespace edge::metrics {

Metrics::Metrics(std::size_t worker_count, Identity identity, const Clock& clock,
                 std::function<CacheGauges()> cache_gauges, std::function<FeedGauges()> feed_gauges,
                 std::function<TierGauges()> tier_gauges,
                 std::function<std::vector<CertificateGauge>()> certificate_gauges)
    : worker_count_(worker_count),
      threads_(std::make_unique<WorkerMetrics[]>(worker_count + 1)),
      identity_(std::move(identity)),
      clock_(clock),
      cache_gauges_(std::move(cache_gauges)),
      feed_gauges_(std::move(feed_gauges)),
      tier_gauges_(std::move(tier_gauges)),
      certificate_gauges_(std::move(certificate_gauges)),
      last_reload_ok_at_(clock.wall()) {
  EDGE_CHECK(cache_gauges_ != nullptr);
}

WorkerMetrics& Metrics::worker(std::size_t i) {
  EDGE_CHECK(i < worker_count_);
  return threads_[i];
}

std::uint64_t Metrics::breakers_open() const {
  std::uint64_t open = 0;
  for (std::size_t i = 0; i < worker_count_; ++i)
    for (const BreakerState state : {BreakerState::Open, BreakerState::HalfOpen})
      open += threads_[i].origin_breakers[state].value();
  return open;
}

std::uint64_t Metrics::overload_level(OverloadCause cause) const {
  std::uint64_t level = 0;
  for (std::size_t i = 0; i < worker_count_; ++i) level = std::max(level, threads_[i].overload_levels[cause].value());
  return level;
}

void Metrics::config_reloaded(ReloadResult result, std::uint64_t id) noexcept {
  const bool ok = result == ReloadResult::Ok;
  reloads_[static_cast<std::size_t>(result)].fetch_add(1, std::memory_order_relaxed);
  is_last_reload_ok_.store(ok, std::memory_order_relaxed);
  if (!ok) return;
  last_reload_ok_at_.store(clock_.wall(), std::memory_order_relaxed);
  reload_in_force_.store(id, std::memory_order_relaxed);
}

void Metrics::invalidated(Invalidation kind) noexcept {
  invalidations_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
}

std::string Metrics::exposition() const {
  auto families = this->families();
  {
    const MutexLock lock(mutex_);
    if (frozen_) frozen_->show_in(families);
  }
  return prometheus::TextSerializer().Serialize(families);
}

std::vector<prometheus::MetricFamily> Metrics::families() const {
  auto families = Collector(*this).Collect();
  const MutexLock lock(mutex_);
  before_.add_to(families);
  return families;
}

std::string Metrics::totals() const { return Totals(families()).block(); }

void Metrics::freeze_totals() {
  Totals now(families());
  const MutexLock lock(mutex_);
  if (!frozen_) frozen_ = std::move(now);
}

Status Metrics::take_totals(std::string_view block) {
  auto totals = Totals::parse(block);
  if (!totals) return Failure{totals.error()};
  const MutexLock lock(mutex_);
  if (may_take_totals_) before_.rise_to(*totals);
  return {};
}

bool Metrics::begin_showing() {
  const MutexLock lock(mutex_);
  if (before_.size() == 0) may_take_totals_ = false;
  return may_take_totals_;
}

}  // namespace edge::metrics
