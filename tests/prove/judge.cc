#include "judge.h"

#include <cstdio>

namespace prove {
namespace {

std::string describe(const Asked& asked, Moment now) {
  char text[160];
  std::snprintf(text, sizeof text, "node %zu, avatar %zu, variant %s, sent %.3f s after boot, answered %.1f ms later",
                asked.node, asked.avatar, kVariantNames[asked.variant],
                milliseconds(asked.at.time_since_epoch()) / 1000, milliseconds(now - asked.at));
  return text;
}

}  // namespace

Asked Judge::ask(std::size_t node, std::size_t avatar, std::size_t variant, Moment now) const {
  Asked asked{node, avatar, variant, now, conditions_.redis_down.on_since(), {}};
  asked.lowest = truth_.lowest(node, avatar, variant, now, asked.outage_since);
  return asked;
}

void Judge::answered(const Asked& asked, const Answer& answer, Moment now) {
  if (answer.status != 200 && answer.status != 404 && answer.status != 304) {
    const bool is_allowed = answer.status >= 500 && conditions_.is_origin_excused(asked.at);
    if (is_allowed || is_node_excused(asked)) return void(excused_.fetch_add(1));
    return violated(Kind::Failed, describe(asked, now) + ": status " + std::to_string(answer.status) +
                                      ", Cache-Status " + std::string(answer.cache_status));
  }
  std::string fault;
  const auto version = version_of(answer, asked.avatar, asked.variant, fault);
  if (!version) return violated(Kind::Torn, describe(asked, now) + ": " + fault);
  judge_version(asked, answer, *version, now);
}

void Judge::judge_version(const Asked& asked, const Answer& answer, std::uint64_t version, Moment now) {
  // A replica that lags is passed through, marked, after it was asked in vain for better, or when an update overtook
  // it; it is never a hit.
  const bool is_passed_through = !answer.is_hit() && (answer.is_behind_update() || answer.is_voided());
  if (is_passed_through && conditions_.is_lag_excused(asked.at)) return;
  const Lowest& lowest = asked.lowest;
  // What was asked in an outage and answered after it may rest on a proof that came after it.
  const bool is_still_out = conditions_.redis_down.on_since() == asked.outage_since;
  const std::pair<Kind, std::uint64_t> rules[] = {{Kind::Bounded, lowest.bounded},
                                                  {Kind::Bounded, is_still_out ? lowest.outage : 0},
                                                  {Kind::Acknowledged, lowest.acknowledged},
                                                  {Kind::Monotonic, lowest.seen},
                                                  {Kind::Fenced, lowest.fenced},
                                                  {Kind::Passed, lowest.passed}};
  for (const auto& [kind, least] : rules) {
    if (version >= least) continue;
    if (kind == Kind::Monotonic && has_tier_ && answer.is_hit()) {
      receded_.fetch_add(1);
      continue;
    }
    violated(kind, describe(asked, now) + ": status " + std::to_string(answer.status) + " of version " +
                       std::to_string(version) + ", not below " + std::to_string(least) +
                       " was promised; the origin had " + std::to_string(truth_.read(asked.avatar).version) + "; " +
                       truth_.tell(asked.avatar, version, asked.at) + "; Cache-Status " +
                       std::string(answer.cache_status));
  }
  truth_.seen(asked.node, asked.avatar, asked.variant, version);
}

void Judge::unanswered(const Asked& asked, std::string_view why, Moment now) {
  if (is_node_excused(asked)) return void(excused_.fetch_add(1));
  violated(Kind::Unanswered, describe(asked, now) + ": " + std::string(why));
}

void Judge::broken_off(const Asked& asked, Moment now) {
  if (conditions_.is_origin_excused(asked.at)) return void(excused_.fetch_add(1));
  unanswered(asked, "connection closed amid an answer", now);
}

void Judge::violated(Kind kind, const std::string& what) {
  if (counts_[static_cast<std::size_t>(kind)].fetch_add(1) < kTold) tell_(kind, what);
}

}  // namespace prove
