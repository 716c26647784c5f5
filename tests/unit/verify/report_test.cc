#include "verify/report.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::verify;
using namespace std::chrono_literals;

TEST_CASE("a summary has a line for each edge and time-scale, with its bound", "[verify]") {
  Tally tally({"sha-1", "fra-2"}, {200ms, 60'000ms});
  tally.changes = {.read = 1'100, .checked = 1'000, .skipped = 99, .malformed = 1};
  for (int i = 0; i < 1'000; ++i) tally.add(0, 0, Outcome::Consistent);
  for (int i = 0; i < 999; ++i) tally.add(1, 0, Outcome::Consistent);
  tally.add(1, 0, Outcome::Inconsistent);
  tally.add(1, 1, Outcome::Unavailable);
  CHECK(summary(WallTime{}, tally) ==
        "1970-01-01T00:00:00.000Z  1100 changes read: 1000 checked, 99 skipped, 1 malformed\n"
        "edge   after  consistent  inconsistent      share  wrong at most (95 %)  unavailable  undecided\n"
        "sha-1  200ms        1000             0      100 %               0.299 %            0          0\n"
        "sha-1     1m           0             0          -                     -            0          0\n"
        "fra-2  200ms         999             1  99.9000 %               0.473 %            0          0\n"
        "fra-2     1m           0             0          -                     -            1          0\n");
}

TEST_CASE("an accusation says who answered what, when, and what was expected", "[verify]") {
  const Answer old{.kind = Answer::Kind::Picture, .status = 200, .version = 1, .etag = "\"a\""};
  const Answer now{.kind = Answer::Kind::Picture, .status = 200, .version = 2, .etag = "\"b\""};
  const Accused accused{"sha-1", "42", "/avatars/42/96", "17-0", "200ms", WallTime{}};
  Evidence evidence{.event_version = 2, .first = now, .edge = old, .second = now, .edge_again = now, .last = now};
  CHECK(describe_accusation(accused, evidence) ==
        "sha-1: avatar 42, /avatars/42/96, asked at 1970-01-01T00:00:00.000Z, 200ms after event 17-0 (version 2): "
        "expected version 2, ETag \"b\", status 200; got version 1, ETag \"a\", status 200; right since");
  evidence.edge_again = no_answer("it answered 503");
  CHECK(describe_accusation(accused, evidence).ends_with("; asked again: it answered 503"));
}
