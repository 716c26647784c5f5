// What one thread counts. Only that thread writes; the scrape reads from another thread, so every cell is atomic but
// none is ever contended and no write is a locked instruction.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "metrics/outcome.h"

namespace edge::metrics {

// A counter or gauge with one writer.
class Cell {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) - n, std::memory_order_relaxed);
  }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

template <class Label>
class Cells {
 public:
  Cell& operator[](Label label) noexcept { return cells_[static_cast<std::size_t>(label)]; }
  const Cell& operator[](Label label) const noexcept { return cells_[static_cast<std::size_t>(label)]; }

 private:
  std::array<Cell, static_cast<std::size_t>(Label::Count)> cells_;
};

// Durations, in buckets that an avatar edge is interested in: from 100 microseconds to 30 seconds.
class Histogram {
 public:
  static constexpr std::array<std::chrono::microseconds, 16> kBounds{
      std::chrono::microseconds{100},       std::chrono::microseconds{250},       std::chrono::microseconds{500},
      std::chrono::microseconds{1'000},     std::chrono::microseconds{2'500},     std::chrono::microseconds{5'000},
      std::chrono::microseconds{10'000},    std::chrono::microseconds{25'000},    std::chrono::microseconds{50'000},
      std::chrono::microseconds{100'000},   std::chrono::microseconds{250'000},   std::chrono::microseconds{500'000},
      std::chrono::microseconds{1'000'000}, std::chrono::microseconds{5'000'000}, std::chrono::microseconds{10'000'000},
      std::chrono::microseconds{30'000'000}};

  void observe(std::chrono::nanoseconds duration) noexcept {
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && duration > kBounds[bucket]) ++bucket;
    counts_[bucket].add();
    sum_ns_.add(static_cast<std::uint64_t>(duration.count()));
  }
  // The count of the bucket alone (not cumulated); the last one is what exceeds every bound.
  std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket].value(); }
  std::uint64_t sum_ns() const noexcept { return sum_ns_.value(); }

 private:
  std::array<Cell, kBounds.size() + 1> counts_;
  Cell sum_ns_;
};

// Aligned so that no two workers share a cache line. Code says what happened; which cells that moves is decided here.
class alignas(128) WorkerMetrics {
 public:
  void request_finished(Outcome outcome, std::uint16_t status, std::uint64_t bytes_sent,
                        std::chrono::nanoseconds duration) noexcept {
    requests[outcome].add();
    responses_by_class[status / 100 % 6].add();
    response_bytes.add(bytes_sent);
    request_duration[static_cast<std::size_t>(outcome)].observe(duration);
  }
  void connection_opened() noexcept {
    connections_accepted.add();
    connections_open.add();
  }
  void connection_closed() noexcept { connections_open.subtract(); }
  void limit_reached(Limit limit) noexcept { limits[limit].add(); }
  void origin_request_started() noexcept { origin_in_flight.add(); }
  void origin_request_ended(OriginEnd end, std::chrono::nanoseconds duration) noexcept {
    origin_in_flight.subtract();
    origin_requests[end].add();
    origin_duration.observe(duration);
  }

  Cells<Outcome> requests;
  std::array<Cell, 6> responses_by_class;  // Index 2 is 2xx.
  Cell response_bytes;                     // Heads and bodies, as they went to the socket.
  Cell request_body_bytes;
  std::array<Histogram, static_cast<std::size_t>(Outcome::Count)>
      request_duration;  // Head complete to last byte queued to the socket.

  Cell connections_accepted;
  Cell connections_open;  // Gauge.
  Cells<TlsHandshakeEnd> tls_handshakes;
  Cells<Limit> limits;
  Histogram loop_lag;
  Cell loop_lag_sustained_ns;            // Gauge: the shortest of the last few.
  Cells<OverloadCause> overload_levels;  // Gauges: 0 where there is nothing to do, up to 3.
  Cell proxy_headers_malformed;
  Cell tail_readers;  // Gauge. Main's thread alone has any.
  Cell tail_records_dropped;
  Cell hottest_watches;  // Gauge. Likewise.
  Cells<RateKind> rate_limited;
  Cells<RateKind> rate_limited_dry;  // Would have been refused, but for dry_run.
  Cell rate_buckets_forgotten;
  Cells<SignatureEnd> signatures;
  Cell malformed_requests;
  Cell client_aborts;  // Connections that clients ended while an exchange was under way.

  Cells<FillEnd> fills;
  Cell fills_in_flight;  // Gauge.
  Cell origin_lag_retries;
  Cell answers_revalidated_for_lease;
  Cell answers_begun_early;  // Before their fill had ended.
  Cell waiters;              // Gauge: requests waiting for a fill.
  Cells<PushEnd> pushes;
  Cells<TierLookEnd> tier_looks;
  Histogram tier_look_duration;
  Cells<TierPutEnd> tier_puts;
  Cell tier_claims_served;      // Waits for what another node asked the origin for that brought it,
  Cell tier_claims_waited_out;  // and those that did not.
  Cell tier_passed_over;        // Gauge: workers that do not ask the tier for a while.
  Cells<OriginEnd> origin_requests;
  Cell origin_in_flight;  // Gauge.
  Cell origin_queued;     // Gauge.
  Cell origin_connections_opened;
  Cell origin_bytes;  // Bodies received.
  Histogram origin_duration;
  Cells<EjectionCause> origin_ejections;
  Cell origin_ejections_withheld;
  Cell origin_urls_ejected;                        // Gauge.
  Cells<HealthCheckEnd> origin_checks;             // Main's thread alone checks.
  Cell origin_urls_unhealthy;                      // Gauge.
  Cells<BreakerState> origin_breakers;             // Gauges: 1 in one of them, or in none where there is no breaker.
  Cells<BreakerState> origin_breaker_transitions;  // By where they led.
  Cell origin_breaker_refused;
  Cells<OriginRetry> origin_retries;
  Cell origin_hedges_won;  // Answered before the first attempt was.
};

}  // namespace edge::metrics
