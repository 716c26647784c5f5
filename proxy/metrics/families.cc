#include "metrics/families.h"

#include <limits>

namespace edge::metrics {

void HistogramTotal::add(const Histogram& histogram) noexcept {
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] += histogram.count(i);
  sum_ns += histogram.sum_ns();
}

void Families::counter(std::string_view name, std::string_view help, double value) {
  add_series(begin(name, help, prometheus::MetricType::Counter), {}).counter.value = value;
}

void Families::gauge(std::string_view name, std::string_view help, double value, std::vector<Label> labels) {
  add_series(begin(name, help, prometheus::MetricType::Gauge), labels).gauge.value = value;
}

void Families::counters(std::string_view name, std::string_view help, const std::vector<Sample>& samples) {
  prometheus::MetricFamily& family = begin(name, help, prometheus::MetricType::Counter);
  for (const Sample& sample : samples) add_series(family, sample.labels).counter.value = sample.value;
}

void Families::gauges(std::string_view name, std::string_view help, const std::vector<Sample>& samples) {
  prometheus::MetricFamily& family = begin(name, help, prometheus::MetricType::Gauge);
  for (const Sample& sample : samples) add_series(family, sample.labels).gauge.value = sample.value;
}

void Families::histogram(std::string_view name, std::string_view help, const HistogramTotal& total) {
  fill(add_series(begin(name, help, prometheus::MetricType::Histogram), {}), total);
}

prometheus::MetricFamily& Families::begin(std::string_view name, std::string_view help, prometheus::MetricType type) {
  return families_.emplace_back(prometheus::MetricFamily{std::string(name), std::string(help), type, {}});
}

prometheus::ClientMetric& Families::add_series(prometheus::MetricFamily& family, const std::vector<Label>& labels) {
  prometheus::ClientMetric& series = family.metric.emplace_back();
  for (const Label& label : labels) series.label.push_back({std::string(label.name), std::string(label.value)});
  return series;
}

void Families::fill(prometheus::ClientMetric& series, const HistogramTotal& total) {
  std::uint64_t cumulated = 0;
  for (std::size_t i = 0; i < total.counts.size(); ++i) {
    cumulated += total.counts[i];
    const double bound = i < Histogram::kBounds.size() ? std::chrono::duration<double>(Histogram::kBounds[i]).count()
                                                       : std::numeric_limits<double>::infinity();
    series.histogram.bucket.push_back({cumulated, bound});
  }
  series.histogram.sample_count = cumulated;
  series.histogram.sample_sum = static_cast<double>(total.sum_ns) / 1e9;
}

}  // namespace edge::metrics
