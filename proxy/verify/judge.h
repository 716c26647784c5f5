// Whether an edge is to be accused of an old picture. Pure.
//
// A healthy edge must never be. What could make it look guilty is a second change whose commit the origin shows already
// and whose event nobody has heard yet: then the edge rightly answers what the first event left. So an answer that
// differs from the origin's leads to further questions, in this order:
//
//   event read; origin (first); at its time: edge; origin (second); a pause; edge (again); origin (last); feed heard
//
// and accused is only where the origin said the same every time, no other event of the avatar came until the feed had
// been heard after the last answer, and the pause was longer than anyone takes from a commit to its event. Beyond that,
// either the edge's answer was older by what is known of it, or the edge, asked again, still differs.
#pragma once

#include <cstdint>
#include <optional>

#include "verify/answer.h"
#include "verify/outcome.h"

namespace edge::verify {

struct Evidence {
  std::optional<std::uint64_t> event_version{};
  std::optional<Answer> before{};      // What the origin was seen to have before the event, where that is remembered.
  Answer first{};                      // The origin, asked when the event was read.
  bool was_first_before_edge = false;  // It had answered before the edge was asked.
  Answer edge{};
  Answer second{};
  Answer edge_again{};
  Answer last{};
  bool has_changed_again = false;  // Another event of the avatar was read.
};

// Each with what is known by then; null: ask further.
std::optional<Outcome> judge_first(const Evidence& evidence);   // edge and first.
std::optional<Outcome> judge_second(const Evidence& evidence);  // And second.
Outcome judge_last(const Evidence& evidence);                   // And edge_again and last.

}  // namespace edge::verify
