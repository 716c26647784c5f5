// What a process has counted, for the one that takes its place: there the counts go on, so that no rate breaks and no
// total begins at 0.
#pragma once

#include <prometheus/metric_family.h>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace edge::metrics {

// Every counter and histogram of an exposition, by name and labels, but for those that are the process's own
// (process_*). Gauges are of no process but the one that has them. Not thread-safe.
class Totals {
 public:
  static constexpr std::size_t kBlockBytesMax = std::size_t{1} << 20;
  static constexpr std::size_t kSeriesMax = 4096;

  Totals() = default;
  explicit Totals(const std::vector<prometheus::MetricFamily>& families);

  // Text between two versions of the program; the first line says in which form. A block is refused as a whole.
  std::string block() const;
  static Result<Totals> parse(std::string_view block);

  // Counts those of a later block of the same process, none of which falls; what that does not name stays.
  void rise_to(const Totals& later);
  // Adds what is here to what has the same name, labels and buckets there; what is not there is passed over.
  void add_to(std::vector<prometheus::MetricFamily>& families) const;
  // Likewise in the place of what is there.
  void show_in(std::vector<prometheus::MetricFamily>& families) const;

  std::size_t size() const { return series_.size(); }

 private:
  // A histogram has bounds; its values are the cumulated counts below each, and last the sum. A counter has one value.
  struct Series {
    std::vector<double> bounds;
    std::vector<double> values;
  };

  static Result<Series> parse_series(std::string_view fields);
  static Series series_of(const prometheus::ClientMetric& metric, prometheus::MetricType type);
  static void write(const Series& series, prometheus::ClientMetric& to);
  template <class Change>
  void change(std::vector<prometheus::MetricFamily>& families, Change change_value) const;

  std::map<std::string, Series, std::less<>> series_;
};

}  // namespace edge::metrics
