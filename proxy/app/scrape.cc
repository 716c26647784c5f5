#include "app/scrape.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace edge::app {
namespace {

double number(std::string_view text) { return std::strtod(std::string(text).c_str(), nullptr); }

// The value of the label that tells buckets apart.
double bound_of(std::string_view labels) {
  constexpr std::string_view kName = "le=\"";
  const std::size_t at = labels.find(kName);
  if (at == std::string_view::npos) return std::numeric_limits<double>::infinity();
  labels.remove_prefix(at + kName.size());
  return number(labels.substr(0, labels.find('"')));
}

}  // namespace

Scrape::Scrape(std::string text) : text_(text.begin(), text.end()) {
  std::string_view rest(text_.data(), text_.size());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string_view::npos) continue;
    const std::size_t brace = std::min(line.find('{'), space);
    const std::string_view labels = brace < space ? line.substr(brace + 1, space - brace - 2) : std::string_view{};
    samples_.push_back({line.substr(0, brace), labels, number(line.substr(space + 1))});
  }
}

double Scrape::sum(std::string_view name, std::string_view label) const {
  double total = 0;
  for (const Sample& sample : samples_)
    if (sample.name == name && sample.labels.find(label) != std::string_view::npos) total += sample.value;
  return total;
}

std::vector<Scrape::Bucket> Scrape::buckets(std::string_view name) const {
  std::vector<Bucket> found;
  const std::string samples = std::string(name) + "_bucket";
  for (const Sample& sample : samples_) {
    if (sample.name != samples) continue;
    const double bound = bound_of(sample.labels);
    const auto place = std::lower_bound(found.begin(), found.end(), bound,
                                        [](const Bucket& bucket, double value) { return bucket.bound < value; });
    if (place != found.end() && place->bound == bound) {
      place->count += sample.value;
    } else {
      found.insert(place, {bound, sample.value});
    }
  }
  return found;
}

std::vector<Scrape::Bucket> since(const std::vector<Scrape::Bucket>& before, std::vector<Scrape::Bucket> now) {
  if (before.size() != now.size()) return now;
  for (std::size_t i = 0; i < now.size(); ++i) now[i].count -= before[i].count;
  return now;
}

double quantile(const std::vector<Scrape::Bucket>& buckets, double q) {
  if (buckets.empty() || buckets.back().count <= 0) return -1;
  const double rank = q * buckets.back().count;
  Scrape::Bucket below;
  for (const Scrape::Bucket& bucket : buckets) {
    if (bucket.count >= rank && bucket.count > below.count) {
      if (bucket.bound == std::numeric_limits<double>::infinity()) return bucket.bound;
      return below.bound + (bucket.bound - below.bound) * (rank - below.count) / (bucket.count - below.count);
    }
    below = bucket;
  }
  return below.bound;
}

}  // namespace edge::app
