// Metric families as prometheus-cpp wants them, from numbers as we have them.
#pragma once

#include <prometheus/metric_family.h>

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "metrics/worker_metrics.h"

namespace edge::metrics {

// A histogram summed over threads.
struct HistogramTotal {
  std::array<std::uint64_t, Histogram::kBounds.size() + 1> counts{};  // Not cumulated; the last exceeds every bound.
  std::uint64_t sum_ns = 0;

  void add(const Histogram& histogram) noexcept;
};

// Collects the families of one scrape. Not thread-safe; used on the stack.
class Families {
 public:
  struct Label {
    std::string_view name;
    std::string_view value;
  };
  using Values = std::span<const std::string_view>;

  void counter(std::string_view name, std::string_view help, double value);
  void gauge(std::string_view name, std::string_view help, double value, std::vector<Label> labels = {});
  // One series for each value of the label: value_of(index) counts it.
  template <std::invocable<std::size_t> ValueOf>
  void counters(std::string_view name, std::string_view help, std::string_view label, Values values, ValueOf value_of) {
    prometheus::MetricFamily& family = begin(name, help, prometheus::MetricType::Counter);
    for (std::size_t i = 0; i < values.size(); ++i)
      add_series(family, {{label, values[i]}}).counter.value = static_cast<double>(value_of(i));
  }
  // Series with labels of their own.
  struct Sample {
    std::vector<Label> labels;
    double value;
  };
  void counters(std::string_view name, std::string_view help, const std::vector<Sample>& samples);
  void gauges(std::string_view name, std::string_view help, const std::vector<Sample>& samples);
  template <std::invocable<std::size_t> ValueOf>
  void gauges(std::string_view name, std::string_view help, std::string_view label, Values values, ValueOf value_of) {
    prometheus::MetricFamily& family = begin(name, help, prometheus::MetricType::Gauge);
    for (std::size_t i = 0; i < values.size(); ++i)
      add_series(family, {{label, values[i]}}).gauge.value = static_cast<double>(value_of(i));
  }
  void histogram(std::string_view name, std::string_view help, const HistogramTotal& total);
  template <std::invocable<std::size_t> TotalOf>
  void histograms(std::string_view name, std::string_view help, std::string_view label, Values values,
                  TotalOf total_of) {
    prometheus::MetricFamily& family = begin(name, help, prometheus::MetricType::Histogram);
    for (std::size_t i = 0; i < values.size(); ++i) fill(add_series(family, {{label, values[i]}}), total_of(i));
  }

  std::vector<prometheus::MetricFamily> take() { return std::exchange(families_, {}); }

 private:
  prometheus::MetricFamily& begin(std::string_view name, std::string_view help, prometheus::MetricType type);
  static prometheus::ClientMetric& add_series(prometheus::MetricFamily& family, const std::vector<Label>& labels);
  static void fill(prometheus::ClientMetric& series, const HistogramTotal& total);

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace edge::metrics
