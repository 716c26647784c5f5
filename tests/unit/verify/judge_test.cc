#include "verify/judge.h"

#include "support/catch.h"

using namespace edge::verify;

namespace {

Answer version(std::uint64_t number) { return {.kind = Answer::Kind::Picture, .status = 200, .version = number}; }
Answer body(std::uint64_t hash) { return {.kind = Answer::Kind::Picture, .status = 200, .body_hash = hash}; }

// Asks as far as it is asked: the outcome that a check with these answers comes to.
Outcome judge(const Evidence& evidence) {
  if (const auto outcome = judge_first(evidence)) return *outcome;
  if (const auto outcome = judge_second(evidence)) return *outcome;
  return judge_last(evidence);
}

// The origin has `now` throughout.
Evidence against(const Answer& now, const Answer& edge, const Answer& edge_again) {
  return {
      .first = now, .was_first_before_edge = true, .edge = edge, .second = now, .edge_again = edge_again, .last = now};
}

}  // namespace

TEST_CASE("an edge that answers what the origin has is consistent", "[verify]") {
  CHECK(judge(against(version(2), version(2), {})) == Outcome::Consistent);
  CHECK(judge(against(body(2), body(2), {})) == Outcome::Consistent);
}

TEST_CASE("an edge that is ahead of a replica of the origin is consistent", "[verify]") {
  CHECK(judge(against(version(2), version(3), {})) == Outcome::Consistent);
}

TEST_CASE("an older version is inconsistent, also where it is right since", "[verify]") {
  CHECK(judge(against(version(2), version(1), version(1))) == Outcome::Inconsistent);
  CHECK(judge(against(version(2), version(1), version(2))) == Outcome::Inconsistent);
}

TEST_CASE("without versions, what the origin had before is old, also where it is right since", "[verify]") {
  Evidence evidence = against(body(2), body(1), body(2));
  evidence.before = body(1);
  CHECK(judge(evidence) == Outcome::Inconsistent);
}

TEST_CASE("what merely differs must differ still", "[verify]") {
  CHECK(judge(against(body(2), body(1), body(1))) == Outcome::Inconsistent);
  CHECK(judge(against(body(2), body(1), body(3))) == Outcome::Inconsistent);
  CHECK(judge(against(body(2), body(1), body(2))) == Outcome::Undecided);
  CHECK(judge(against(body(2), body(1), no_answer("unreachable"))) == Outcome::Undecided);
}

TEST_CASE("an origin that came after the edge accuses only where the edge differs still", "[verify]") {
  Evidence evidence = against(version(2), version(1), version(2));
  evidence.was_first_before_edge = false;
  CHECK(judge(evidence) == Outcome::Undecided);
  evidence.edge_again = version(1);
  CHECK(judge(evidence) == Outcome::Inconsistent);
}

TEST_CASE("an avatar that changed again is no violation", "[verify]") {
  for (auto change : {+[](Evidence& e) { e.has_changed_again = true; }, +[](Evidence& e) { e.second = body(3); },
                      +[](Evidence& e) { e.last = body(3); }}) {
    Evidence evidence = against(body(2), body(1), body(1));
    change(evidence);
    CHECK(judge(evidence) == Outcome::ChangedAgain);
  }
}

TEST_CASE("an edge that asked the origin between our two questions has the second answer", "[verify]") {
  Evidence evidence = against(body(2), body(3), {});
  evidence.second = body(3);
  CHECK(judge(evidence) == Outcome::Consistent);
}

// The commit of the second change is seen before anyone hears its event.
TEST_CASE("an edge that has the change of the event is consistent, whatever was committed since", "[verify]") {
  Evidence evidence = against(version(3), version(2), version(2));
  evidence.event_version = 2;
  CHECK(judge(evidence) == Outcome::Consistent);
  evidence.event_version = 3;
  CHECK(judge(evidence) == Outcome::Inconsistent);
}

TEST_CASE("nobody is accused without the origin", "[verify]") {
  for (auto lose : {+[](Evidence& e) { e.first = no_answer("gone"); },
                    +[](Evidence& e) { e.second = no_answer("gone"); }, +[](Evidence& e) { e.last = not_asked(); }}) {
    Evidence evidence = against(version(2), version(1), version(1));
    lose(evidence);
    CHECK(judge(evidence) == Outcome::NoOrigin);
  }
}

TEST_CASE("an edge that gives no answer is unavailable, not inconsistent", "[verify]") {
  CHECK(judge(against(version(2), no_answer("it answered 503"), {})) == Outcome::Unavailable);
  CHECK(judge(against(version(2), not_asked(), {})) == Outcome::Late);
}

TEST_CASE("a picture that was deleted and is still there is inconsistent, and so is one that is still not",
          "[verify]") {
  const Answer absent{.kind = Answer::Kind::Absent, .status = 404};
  CHECK(judge(against(absent, version(1), version(1))) == Outcome::Inconsistent);
  CHECK(judge(against(absent, absent, {})) == Outcome::Consistent);
  CHECK(judge(against(version(2), absent, absent)) == Outcome::Inconsistent);
}
