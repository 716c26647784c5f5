// What a scrape of `avatar-edge verify` answers.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace edge::metrics {

// The checks of one site at one time-scale. Sites are those of the command line, so these labels are few as well.
struct VerifyChecks {
  std::string_view site;
  std::string_view after;
  std::span<const std::uint64_t> outcomes;  // By the labels of VerifyNumbers.
  double share_bound = 1;
};

struct VerifyNumbers {
  std::string_view version;
  std::span<const std::string_view> outcome_labels;
  std::vector<VerifyChecks> checks;
  std::uint64_t changes_checked = 0;
  std::uint64_t changes_skipped = 0;
  std::uint64_t changes_malformed = 0;
  std::uint64_t changes_pending = 0;
  bool is_feed_connected = false;
};

// Prometheus text format 0.0.4.
std::string verify_exposition(const VerifyNumbers& numbers);

}  // namespace edge::metrics
