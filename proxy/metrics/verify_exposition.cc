#include "metrics/verify_exposition.h"

#include <prometheus/text_serializer.h>

#include "metrics/families.h"

namespace edge::metrics {
namespace {

void add_checks(Families& to, const VerifyNumbers& numbers) {
  std::vector<Families::Sample> counts, bounds;
  for (const VerifyChecks& checks : numbers.checks) {
    for (std::size_t i = 0; i < checks.outcomes.size(); ++i)
      counts.push_back({{{"site", checks.site}, {"after", checks.after}, {"outcome", numbers.outcome_labels[i]}},
                        static_cast<double>(checks.outcomes[i])});
    bounds.push_back({{{"site", checks.site}, {"after", checks.after}}, checks.share_bound});
  }
  to.counters("avatar_edge_verify_checks_total",
              "Answers of an edge so long after a change, by what they were next to the origin's. Only inconsistent is "
              "an old picture.",
              counts);
  to.gauges("avatar_edge_verify_inconsistent_share_bound",
            "With 95 % confidence the share of inconsistent answers is below this.", bounds);
}

}  // namespace

std::string verify_exposition(const VerifyNumbers& numbers) {
  Families to;
  to.gauge("avatar_edge_verify_build_info", "Which program this is; always 1.", 1, {{"version", numbers.version}});
  to.gauge("avatar_edge_verify_feed_connected", "1 while the update feed is heard, 0 while nothing can be checked.",
           numbers.is_feed_connected ? 1 : 0);
  const auto count = [](std::uint64_t n) { return static_cast<double>(n); };
  to.counters("avatar_edge_verify_changes_total",
              "Update events read, by what became of them. Skipped: there were more than the rate allows.",
              {{{{"result", "checked"}}, count(numbers.changes_checked)},
               {{{"result", "skipped"}}, count(numbers.changes_skipped)},
               {{{"result", "malformed"}}, count(numbers.changes_malformed)}});
  to.gauge("avatar_edge_verify_changes_pending", "Changes whose checks are not all done.",
           count(numbers.changes_pending));
  add_checks(to, numbers);
  return prometheus::TextSerializer().Serialize(to.take());
}

}  // namespace edge::metrics
