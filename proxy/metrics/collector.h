// One scrape's answer.
#pragma once

#include <prometheus/collectable.h>

#include <cstdint>
#include <span>
#include <vector>

#include "metrics/families.h"
#include "metrics/metrics.h"

namespace edge::metrics {

// Every metric, declared once: a scrape's answer in the order an operator reads it. Lives for one scrape.
class Metrics::Collector final : public prometheus::Collectable {
 public:
  explicit Collector(const Metrics& metrics)
      : metrics_(metrics), threads_(metrics.threads_.get(), metrics.worker_count_ + 1) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  // Over all threads, of what `cell_of` picks from one. Modulo 2^64, like the cells.
  template <class CellOf>
  double sum(CellOf cell_of) const {
    std::uint64_t total = 0;
    for (const WorkerMetrics& thread : threads_) total += cell_of(thread).value();
    return static_cast<double>(total);
  }
  double sum(Cell WorkerMetrics::*cell) const {
    return sum([cell](const WorkerMetrics& thread) -> const Cell& { return thread.*cell; });
  }
  template <class Label>
  auto sum_each(Cells<Label> WorkerMetrics::*cells) const {
    return [this, cells](std::size_t i) {
      return sum([cells, i](const WorkerMetrics& thread) -> const Cell& { return (thread.*cells)[Label(i)]; });
    };
  }
  template <class HistogramOf>
  HistogramTotal total(HistogramOf histogram_of) const {
    HistogramTotal total;
    for (const WorkerMetrics& thread : threads_) total.add(histogram_of(thread));
    return total;
  }

  void add_identity(Families& to) const;
  void add_requests(Families& to) const;
  void add_connections(Families& to) const;
  void add_overload(Families& to) const;
  void add_rates(Families& to) const;
  void add_signatures(Families& to) const;
  void add_tls(Families& to) const;
  void add_fills(Families& to) const;
  void add_origin(Families& to) const;
  void add_origin_guard(Families& to) const;
  void add_cache(Families& to) const;
  void add_degraded(Families& to) const;
  void add_feed(Families& to) const;
  void add_tier(Families& to) const;
  void add_process(Families& to) const;

  const Metrics& metrics_;
  const std::span<const WorkerMetrics> threads_;
};

}  // namespace edge::metrics
