// Every metric of the process: who counts, and what a scrape answers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "metrics/feed_metrics.h"
#include "metrics/outcome.h"
#include "metrics/tier_metrics.h"
#include "metrics/totals.h"
#include "metrics/worker_metrics.h"

namespace edge::metrics {

// What the memory cache says of itself at a scrape; metrics lies below it and cannot ask.
struct CacheGauges {
  std::uint64_t bytes = 0;         // With all overhead.
  std::uint64_t budget_bytes = 0;  // What `bytes` never exceeds.
  std::uint64_t stored_responses = 0;
  std::uint64_t floors = 0;  // Avatars whose version floor is remembered.
  // Since the start.
  std::array<std::uint64_t, static_cast<std::size_t>(EvictionQueue::Count)> evictions{};
  std::uint64_t ghost_hits = 0;
};

// When a certificate that is in use ends. At most as many as the configuration names.
struct CertificateGauge {
  std::string file;
  double not_after_seconds = 0;  // Since the Unix epoch.
};

// Who this is. They become labels, so both are constant while the process runs.
struct Identity {
  std::string site;
  std::string version;
};

// Owned by main; outlives the workers. Each worker counts in its own WorkerMetrics, alone and without a locked
// instruction; the methods here are thread-safe and for what happens rarely.
class Metrics {
 public:
  // The gauges are called in each scrape, by its thread, and must be callable as long as exposition() is.
  // `feed_gauges` is null where there is no update feed, `tier_gauges` where there is no tier, `certificate_gauges`
  // where there is no TLS; then nothing is said of it.
  Metrics(std::size_t worker_count, Identity identity, const Clock& clock, std::function<CacheGauges()> cache_gauges,
          std::function<FeedGauges()> feed_gauges = nullptr, std::function<TierGauges()> tier_gauges = nullptr,
          std::function<std::vector<CertificateGauge>()> certificate_gauges = nullptr);

  // For worker `i`'s thread alone.
  WorkerMetrics& worker(std::size_t i);
  // For main's thread alone, which has the admin port.
  WorkerMetrics& main_thread() { return threads_[worker_count_]; }

  // For the feed's thread alone.
  FeedMetrics& feed() { return feed_; }
  const FeedMetrics& feed() const { return feed_; }
  TierMetrics& tier() { return tier_; }
  const TierMetrics& tier() const { return tier_; }

  // Workers that do not ask the origin now, because it has failed too often.
  std::uint64_t breakers_open() const;

  // The highest level of any worker (metrics::Limit::OverloadConnections and so on), for that cause.
  std::uint64_t overload_level(OverloadCause cause) const;

  // The first configuration is no reload; its time counts as that of the last success. `id`: the reload's.
  void config_reloaded(ReloadResult result, std::uint64_t id) noexcept;
  // A process that was to take our place did not.
  void upgrade_failed() noexcept { upgrades_failed_.fetch_add(1, std::memory_order_relaxed); }
  void invalidated(Invalidation kind) noexcept;
  // Whether the degraded mode of the limits is on.
  void set_maintenance(bool is_on) noexcept { is_in_maintenance_.store(is_on, std::memory_order_relaxed); }
  void limit_uploads(bool is_on) noexcept { are_uploads_limited_.store(is_on, std::memory_order_relaxed); }

  // What GET /metrics answers: Prometheus text format 0.0.4. A line that a worker moves meanwhile may be one ahead of
  // another; each by itself is right, and a histogram agrees with itself.
  std::string exposition() const;
  // In an upgrade the process before gives what it has counted, again and again until it ends: take_totals. All it says
  // is the same block, so none is needed. From freeze_totals() on exposition() says what was counted until then, so
  // that nobody who is answered by both processes, this one first, sees a count fall; totals() says what is counted
  // still.
  std::string totals() const;
  void freeze_totals();
  // Fails where that is no such block; what was taken before stays.
  Status take_totals(std::string_view block);
  // Somebody is to see totals. False where none were taken until now: then none are any more, for they would leap.
  bool begin_showing();
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  class Collector;  // Declares every metric, once.
  // With what processes before have counted.
  std::vector<prometheus::MetricFamily> families() const;

  // Constant after construction.
  const std::size_t worker_count_;
  const std::unique_ptr<WorkerMetrics[]> threads_;  // The workers', then main's.
  const Identity identity_;
  const Clock& clock_;
  const std::function<CacheGauges()> cache_gauges_;
  const std::function<FeedGauges()> feed_gauges_;
  const std::function<TierGauges()> tier_gauges_;
  const std::function<std::vector<CertificateGauge>()> certificate_gauges_;
  FeedMetrics feed_;
  TierMetrics tier_;

  mutable Mutex mutex_;
  Totals before_ EDGE_GUARDED_BY(mutex_);  // Of the processes before this one.
  bool may_take_totals_ EDGE_GUARDED_BY(mutex_) = true;
  std::optional<Totals> frozen_ EDGE_GUARDED_BY(mutex_);

  // Written by any thread.
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(ReloadResult::Count)> reloads_{};
  std::atomic<std::uint64_t> upgrades_failed_{0};
  std::atomic<bool> is_last_reload_ok_{true};
  std::atomic<std::uint64_t> reload_in_force_{0};
  std::atomic<bool> are_uploads_limited_{false};
  std::atomic<bool> is_in_maintenance_{false};
  std::atomic<WallTime> last_reload_ok_at_;
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(Invalidation::Count)> invalidations_{};
};

}  // namespace edge::metrics
