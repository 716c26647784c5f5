#include "verify/judge.h"

namespace edge::verify {
namespace {

// At least as new as what the origin has.
bool is_no_older(const Answer& edge, const Answer& origin) {
  const Likeness likeness = compare(edge, origin);
  return likeness == Likeness::Same || likeness == Likeness::Newer;
}

// The edge's answer is one that the event has replaced, not merely another one.
bool is_known_old(const Evidence& evidence) {
  if (compare(evidence.edge, evidence.last) == Likeness::Older) return true;
  return evidence.before && evidence.before->is_usable() && compare(evidence.edge, *evidence.before) == Likeness::Same;
}

}  // namespace

std::optional<Outcome> judge_first(const Evidence& evidence) {
  const Answer& edge = evidence.edge;
  if (edge.kind == Answer::Kind::NotAsked) return Outcome::Late;
  if (edge.kind == Answer::Kind::NoAnswer) return Outcome::Unavailable;
  if (!evidence.first.is_usable()) return Outcome::NoOrigin;
  if (is_no_older(edge, evidence.first)) return Outcome::Consistent;
  // It has this change, whatever the origin has had since.
  if (evidence.event_version && edge.version && *edge.version >= *evidence.event_version) return Outcome::Consistent;
  if (evidence.has_changed_again) return Outcome::ChangedAgain;
  return std::nullopt;
}

std::optional<Outcome> judge_second(const Evidence& evidence) {
  if (!evidence.second.is_usable()) return Outcome::NoOrigin;
  if (is_no_older(evidence.edge, evidence.second)) return Outcome::Consistent;
  if (evidence.has_changed_again || compare(evidence.second, evidence.first) != Likeness::Same)
    return Outcome::ChangedAgain;
  return std::nullopt;
}

Outcome judge_last(const Evidence& evidence) {
  if (!evidence.last.is_usable()) return Outcome::NoOrigin;
  if (evidence.has_changed_again || compare(evidence.last, evidence.second) != Likeness::Same)
    return Outcome::ChangedAgain;
  if (is_known_old(evidence) && evidence.was_first_before_edge) return Outcome::Inconsistent;
  const bool differs_still = evidence.edge_again.is_usable() && !is_no_older(evidence.edge_again, evidence.last);
  return differs_still ? Outcome::Inconsistent : Outcome::Undecided;
}

}  // namespace edge::verify
