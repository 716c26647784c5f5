// What was counted so far: checks by site, time-scale and outcome, and changes. Not thread-safe.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "verify/outcome.h"

namespace edge::verify {

struct ChangeCounts {
  std::uint64_t read = 0;
  std::uint64_t checked = 0;
  std::uint64_t skipped = 0;    // There were more than the rate allows; which ones is random.
  std::uint64_t malformed = 0;  // Entries that are no update events, and avatars that no URL can name.
};

class Tally {
 public:
  using Counts = std::array<std::uint64_t, static_cast<std::size_t>(Outcome::Count)>;
  struct Row {
    std::string site;
    std::string scale;  // "200ms".
    Counts counts{};

    std::uint64_t of(Outcome outcome) const { return counts[static_cast<std::size_t>(outcome)]; }
    // Checks that came to a verdict.
    std::uint64_t decided() const { return of(Outcome::Consistent) + of(Outcome::Inconsistent); }
    // At most so large is the share of inconsistent answers, with 95 % confidence.
    double bound() const;
  };

  Tally(const std::vector<std::string>& sites, const std::vector<std::chrono::milliseconds>& scales);

  void add(std::size_t site, std::size_t scale, Outcome outcome);
  // What an earlier run counted. A row that this run does not have is passed over.
  void restore(const Row& row);

  ChangeCounts changes;
  // By site, then by time-scale.
  const std::vector<Row>& rows() const { return rows_; }
  // In this run, without what was restored.
  std::uint64_t inconsistent_now() const { return inconsistent_now_; }

 private:
  const std::size_t scale_count_;
  std::vector<Row> rows_;
  std::uint64_t inconsistent_now_ = 0;
};

}  // namespace edge::verify
