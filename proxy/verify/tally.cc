#include "verify/tally.h"

#include "base/units.h"
#include "verify/estimate.h"

namespace edge::verify {

double Tally::Row::bound() const { return share_bound(of(Outcome::Inconsistent), decided()); }

Tally::Tally(const std::vector<std::string>& sites, const std::vector<std::chrono::milliseconds>& scales)
    : scale_count_(scales.size()) {
  for (const std::string& site : sites)
    for (const auto scale : scales) rows_.push_back({site, format_duration(scale)});
}

void Tally::add(std::size_t site, std::size_t scale, Outcome outcome) {
  ++rows_[site * scale_count_ + scale].counts[static_cast<std::size_t>(outcome)];
  if (outcome == Outcome::Inconsistent) ++inconsistent_now_;
}

void Tally::restore(const Row& row) {
  for (Row& own : rows_)
    if (own.site == row.site && own.scale == row.scale)
      for (std::size_t i = 0; i < own.counts.size(); ++i) own.counts[i] += row.counts[i];
}

}  // namespace edge::verify
