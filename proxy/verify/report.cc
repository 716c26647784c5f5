#include "verify/report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "base/rfc3339.h"

namespace edge::verify {
namespace {

using Line = std::vector<std::string>;

// Three digits that count, as a percentage: 0.0123 %, 100 %.
std::string percent(double share) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g %%", share * 100);
  return text.data();
}

// Rounded down, so that nothing but all is 100 %.
std::string consistent_share(const Tally::Row& row) {
  if (row.decided() == 0) return "-";
  if (row.of(Outcome::Inconsistent) == 0) return "100 %";
  const double share = static_cast<double>(row.of(Outcome::Consistent)) / static_cast<double>(row.decided());
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4f %%", std::min(share * 100, 99.9999));
  return text.data();
}

Line line_of(const Tally::Row& row) {
  const std::uint64_t unclear =
      row.of(Outcome::NoOrigin) + row.of(Outcome::ChangedAgain) + row.of(Outcome::Undecided) + row.of(Outcome::Late);
  return {row.site,
          row.scale,
          std::to_string(row.of(Outcome::Consistent)),
          std::to_string(row.of(Outcome::Inconsistent)),
          consistent_share(row),
          row.decided() == 0 ? "-" : percent(row.bound()),
          std::to_string(row.of(Outcome::Unavailable)),
          std::to_string(unclear)};
}

// Names to the left, numbers to the right.
std::string table(const std::vector<Line>& lines) {
  std::vector<std::size_t> widths(lines[0].size());
  for (const Line& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::string text;
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string padding(widths[i] - line[i].size(), ' ');
      text += i == 0 ? line[i] + padding : "  " + padding + line[i];
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string summary(WallTime now, const Tally& tally) {
  const ChangeCounts& changes = tally.changes;
  std::string text(Rfc3339(now).view());
  text += "  " + std::to_string(changes.read) + " changes read: " + std::to_string(changes.checked) + " checked, " +
          std::to_string(changes.skipped) + " skipped, " + std::to_string(changes.malformed) + " malformed\n";
  std::vector<Line> lines{
      {"edge", "after", "consistent", "inconsistent", "share", "wrong at most (95 %)", "unavailable", "undecided"}};
  for (const Tally::Row& row : tally.rows()) lines.push_back(line_of(row));
  return text + table(lines);
}

std::string describe_accusation(const Accused& accused, const Evidence& evidence) {
  std::string text = accused.site + ": avatar " + accused.avatar + ", " + accused.target + ", asked at " +
                     std::string(Rfc3339(accused.asked_at).view()) + ", " + accused.scale + " after event " +
                     accused.event;
  if (evidence.event_version) text += " (version " + std::to_string(*evidence.event_version) + ")";
  text += ": expected " + describe(evidence.last) + "; got " + describe(evidence.edge);
  if (!evidence.edge_again.is_usable()) return text + "; asked again: " + evidence.edge_again.why;
  const Likeness since = compare(evidence.edge_again, evidence.last);
  const bool is_right_since = since == Likeness::Same || since == Likeness::Newer;
  return text + (is_right_since ? "; right since" : "; asked again: " + describe(evidence.edge_again));
}

}  // namespace edge::verify
