#include "metrics/totals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/check.h"

namespace edge::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// A block is lines of fields. The first line is this. In each other one stand the name with its labels, then a
// counter's value, or a histogram's sum and all its buckets as bound=count, cumulated.
constexpr std::string_view kForm = "totals 1";
constexpr char kFieldEnd = '\t';
constexpr std::string_view kNoField = "\t\n";

constexpr std::size_t kBucketsMax = 64;
// More than anything counts, also bytes in years, and a whole number of 64 bits; adding up some of them is one still.
constexpr double kValueMax = 1e18;

bool is_carried(const MetricFamily& family) {
  return (family.type == MetricType::Counter || family.type == MetricType::Histogram) &&
         !family.name.starts_with("process_");
}

std::string name_of(const MetricFamily& family, const ClientMetric& metric) {
  std::string name = family.name;
  char between = '{';
  for (const ClientMetric::Label& label : metric.label) {
    name.append(1, between).append(label.name).append("=\"").append(label.value).append("\"");
    between = ',';
  }
  if (between == ',') name += '}';
  return name;
}

void append_number(std::string& to, double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value);
  EDGE_CHECK(end.ec == std::errc());
  to.append(text.data(), end.ptr);
}

std::optional<double> try_number(std::string_view text) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> try_value(std::string_view text) {
  const auto value = try_number(text);
  return value && *value >= 0 && *value <= kValueMax ? value : std::nullopt;
}

// Takes what stands before `end`, or all that is left.
std::string_view take_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return taken;
}

}  // namespace

Totals::Totals(const std::vector<MetricFamily>& families) {
  for (const MetricFamily& family : families) {
    if (!is_carried(family)) continue;
    for (const ClientMetric& metric : family.metric)
      series_.emplace(name_of(family, metric), series_of(metric, family.type));
  }
}

std::string Totals::block() const {
  std::string block(kForm);
  block += '\n';
  for (const auto& [name, series] : series_) {
    if (name.find_first_of(kNoField) != std::string::npos) continue;
    block.append(name) += kFieldEnd;
    append_number(block, series.values.back());
    for (std::size_t i = 0; i < series.bounds.size(); ++i) {
      block += kFieldEnd;
      append_number(block, series.bounds[i]);
      block += '=';
      append_number(block, series.values[i]);
    }
    block += '\n';
  }
  return block;
}

Result<Totals> Totals::parse(std::string_view block) {
  if (block.size() > kBlockBytesMax)
    return fail(ErrorCode::TooLarge,
                std::to_string(block.size()) + " bytes of counts; at most " + std::to_string(kBlockBytesMax));
  if (take_until(block, '\n') != kForm) return fail(ErrorCode::Malformed, "counts in a form that is not known here");
  Totals totals;
  for (std::size_t number = 2; !block.empty(); ++number) {
    const auto refuse = [number](const std::string& why) {
      return fail(ErrorCode::Malformed, "line " + std::to_string(number) + " of the counts: " + why);
    };
    std::string_view line = take_until(block, '\n');
    const std::string_view name = take_until(line, kFieldEnd);
    auto series = parse_series(line);
    if (!series) return refuse(series.error().message);
    if (name.empty() || !totals.series_.emplace(name, *std::move(series)).second)
      return refuse("has no name, or one that was there before");
    if (totals.series_.size() > kSeriesMax) return refuse("is one too many");
  }
  return totals;
}

Result<Totals::Series> Totals::parse_series(std::string_view fields) {
  const auto sum = try_value(take_until(fields, kFieldEnd));
  if (!sum) return fail(ErrorCode::Malformed, "not a count");
  Series series;
  while (!fields.empty()) {
    std::string_view bucket = take_until(fields, kFieldEnd);
    const auto bound = try_number(take_until(bucket, '='));
    const auto count = try_value(bucket);
    const bool is_rising = series.bounds.empty() || (bound > series.bounds.back() && count >= series.values.back());
    if (!bound || std::isnan(*bound) || !count || !is_rising || series.bounds.size() == kBucketsMax)
      return fail(ErrorCode::Malformed, "not a bucket");
    series.bounds.push_back(*bound);
    series.values.push_back(*count);
  }
  if (!series.bounds.empty() && !std::isinf(series.bounds.back()))
    return fail(ErrorCode::Malformed, "buckets that do not hold everything");
  series.values.push_back(*sum);
  return series;
}

void Totals::rise_to(const Totals& later) {
  for (const auto& [name, series] : later.series_) {
    const auto mine = series_.find(name);
    if (mine == series_.end()) {
      if (series_.size() < kSeriesMax) series_.emplace(name, series);
      continue;
    }
    if (mine->second.bounds != series.bounds) continue;
    for (std::size_t i = 0; i < series.values.size(); ++i)
      mine->second.values[i] = std::max(mine->second.values[i], series.values[i]);
  }
}

void Totals::add_to(std::vector<MetricFamily>& families) const {
  change(families, [](double there, double here) { return there + here; });
}

void Totals::show_in(std::vector<MetricFamily>& families) const {
  change(families, [](double, double here) { return here; });
}

template <class Change>
void Totals::change(std::vector<MetricFamily>& families, Change change_value) const {
  if (series_.empty()) return;
  for (MetricFamily& family : families) {
    if (!is_carried(family)) continue;
    for (ClientMetric& metric : family.metric) {
      const auto found = series_.find(name_of(family, metric));
      if (found == series_.end()) continue;
      const Series& here = found->second;
      Series there = series_of(metric, family.type);
      if (there.bounds != here.bounds) continue;
      for (std::size_t i = 0; i < there.values.size(); ++i)
        there.values[i] = change_value(there.values[i], here.values[i]);
      write(there, metric);
    }
  }
}

Totals::Series Totals::series_of(const ClientMetric& metric, MetricType type) {
  if (type == MetricType::Counter) return {{}, {metric.counter.value}};
  Series series;
  for (const ClientMetric::Bucket& bucket : metric.histogram.bucket) {
    series.bounds.push_back(bucket.upper_bound);
    series.values.push_back(static_cast<double>(bucket.cumulative_count));
  }
  series.values.push_back(metric.histogram.sample_sum);
  return series;
}

void Totals::write(const Series& series, ClientMetric& to) {
  if (series.bounds.empty()) return void(to.counter.value = series.values.back());
  auto& buckets = to.histogram.bucket;
  for (std::size_t i = 0; i < buckets.size(); ++i)
    buckets[i].cumulative_count = static_cast<std::uint64_t>(series.values[i]);
  to.histogram.sample_count = buckets.back().cumulative_count;
  to.histogram.sample_sum = series.values.back();
}

}  // namespace edge::metrics
