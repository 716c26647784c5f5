// What GET /metrics has answered, to be asked by name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace edge::app {

// Immutable.
class Scrape {
 public:
  // Prometheus text format 0.0.4. What is no sample is passed over.
  explicit Scrape(std::string text);
  Scrape(Scrape&&) = default;
  Scrape& operator=(Scrape&&) = default;

  // The sum over all samples of that name which have that label; `label` as in the text, such as outcome="hit", or
  // empty. 0 where there are none.
  double sum(std::string_view name, std::string_view label = {}) const;

  struct Bucket {
    double bound = 0;  // Seconds; the last is infinite.
    double count = 0;  // Up to there.
  };
  // Of a histogram, all of its labels together; in the order of the bounds. Empty where there is none.
  std::vector<Bucket> buckets(std::string_view name) const;

 private:
  struct Sample {
    std::string_view name;
    std::string_view labels;  // Between the braces.
    double value;
  };

  std::vector<char> text_;  // Stays where it is when this is moved.
  std::vector<Sample> samples_;
};

// What was counted between two looks at the same histogram.
std::vector<Scrape::Bucket> since(const std::vector<Scrape::Bucket>& before, std::vector<Scrape::Bucket> now);

// The value that a part `q` (0 to 1) does not exceed, as histogram_quantile of Prometheus has it: as if what is in a
// bucket were spread evenly over it. Infinite where it is beyond the last bound; below 0 where nothing was counted.
double quantile(const std::vector<Scrape::Bucket>& buckets, double q);

}  // namespace edge::app
