#include "self_test.h"

#include <cstdio>
#include <functional>
#include <iostream>

#include "fences.h"
#include "judge.h"

namespace prove {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLease = 1s;
constexpr std::size_t kAvatar = 7;

// A world of its own for each case: two nodes, and a judge who has seen nothing.
struct Bench {
  explicit Bench(bool has_tier)
      : conditions(2),
        truth(10, 2, kLease),
        judge(truth, conditions, has_tier, [](Kind, const std::string&) {}),
        fences(truth, 2) {}

  // The answer of version `version` to a request that was sent at `asked`.
  void answer(const Asked& asked, std::uint64_t version, int status = 200,
              const char* cache_status = "avatar-edge; hit") {
    const std::string body = status == 304 ? "" : picture(asked.avatar, asked.variant, version);
    answer_with(asked, status, body, etag_of(asked.avatar, version), cache_status);
  }
  void answer_with(const Asked& asked, int status, const std::string& body, const std::string& etag,
                   const char* cache_status = "avatar-edge; hit") {
    const std::string bytes = "HTTP/1.1 " + std::to_string(status) + " X\r\netag: " + etag +
                              "\r\ncontent-length: " + std::to_string(body.size()) +
                              "\r\nCache-Status: " + cache_status + "\r\n\r\n" + body;
    Answer parsed;
    std::size_t used = 0;
    if (parse_answer(bytes, true, parsed, used) != Parsed::Whole || used != bytes.size()) {
      std::cerr << "prover: self-test: not parsed: " << bytes << "\n";
      return;
    }
    judge.answered(asked, parsed, BootClock::now());
  }
  Asked ask(Moment at = BootClock::now(), std::size_t node = 0) { return judge.ask(node, kAvatar, 1, at); }
  std::uint64_t commit() { return truth.commit(kAvatar, false); }

  Conditions conditions;
  Truth truth;
  Judge judge;
  Fences fences;
};

struct Case {
  const char* name;
  int kind;  // The one violation that must be found, -1: none.
  std::function<void(Bench&)> story;
  bool has_tier = false;
};

constexpr int kNone = -1;
constexpr int of(Kind kind) { return static_cast<int>(kind); }

const Case kCases[] = {
    {"what is current", kNone, [](Bench& b) { b.answer(b.ask(), b.commit() - 1), b.answer(b.ask(), 2); }},
    {"older than the lease", of(Kind::Bounded),
     [](Bench& b) {
       b.truth.published(kAvatar, b.commit(), BootClock::now());
       b.answer(b.ask(BootClock::now() + kLease + 1ms), 1);
     }},
    {"older than the lease, not found (304)", of(Kind::Bounded),
     [](Bench& b) {
       b.truth.published(kAvatar, b.commit(), BootClock::now());
       b.answer(b.ask(BootClock::now() + kLease + 1ms), 1, 304);
     }},
    {"older than the lease, behind a newer one that is younger", of(Kind::Bounded),
     [](Bench& b) {
       b.truth.published(kAvatar, b.commit(), BootClock::now());
       b.commit();
       b.answer(b.ask(BootClock::now() + kLease + 1ms), 1);
     }},
    {"old, within the lease", kNone,
     [](Bench& b) {
       b.truth.published(kAvatar, b.commit(), BootClock::now());
       b.answer(b.ask(BootClock::now() + kLease - 100ms), 1);
     }},
    {"old, but published by nobody", kNone, [](Bench& b) { b.commit(), b.answer(b.ask(BootClock::now() + 10s), 1); }},
    {"old in an outage, published by nobody", of(Kind::Bounded),
     [](Bench& b) {
       b.conditions.redis_down.begin();
       b.commit();
       b.answer(b.ask(BootClock::now() + kLease + 1ms), 1);
     }},
    {"asked in an outage, answered after it", kNone,
     [](Bench& b) {
       b.conditions.redis_down.begin();
       b.commit();
       const Asked asked = b.ask(BootClock::now() + kLease + 1ms);
       b.conditions.redis_down.end();
       b.answer(asked, 1);
     }},
    {"older than acknowledged", of(Kind::Acknowledged),
     [](Bench& b) { b.truth.acknowledged(kAvatar, b.commit()), b.answer(b.ask(BootClock::now(), 1), 1); }},
    {"asked before it was acknowledged", kNone,
     [](Bench& b) {
       const Asked asked = b.ask();
       b.truth.acknowledged(kAvatar, b.commit());
       b.answer(asked, 1);
     }},
    {"older than before, from the same node", of(Kind::Monotonic),
     [](Bench& b) { b.answer(b.ask(), b.commit()), b.answer(b.ask(), 1); }},
    {"older than before, from the same node, of the origin, with a tier", of(Kind::Monotonic),
     [](Bench& b) {
       b.answer(b.ask(), b.commit());
       b.answer(b.ask(), 1, 200, "avatar-edge; fwd=uri-miss");
     },
     true},
    {"older than before, from the same node, of the tier", kNone,
     [](Bench& b) {
       b.answer(b.ask(), b.commit());
       b.answer(b.ask(), 1, 200, "avatar-edge; hit; detail=tier2");
     },
     true},
    {"older than before, from another node", kNone,
     [](Bench& b) { b.answer(b.ask(), b.commit()), b.answer(b.ask(BootClock::now(), 1), 1); }},
    {"older than before, asked before", kNone,
     [](Bench& b) {
       const Asked asked = b.ask();
       b.answer(b.ask(), b.commit());
       b.answer(asked, 1);
     }},
    {"older than the node's position", of(Kind::Fenced),
     [](Bench& b) {
       b.fences.add(b.fences.life(), {5, 0}, kAvatar, b.commit());
       b.fences.applied(0, {5, 0});
       b.answer(b.ask(), 1);
     }},
    {"the node's position is before it", kNone,
     [](Bench& b) {
       b.fences.add(b.fences.life(), {5, 1}, kAvatar, b.commit());
       b.fences.applied(0, {5, 0});
       b.fences.applied(1, {6, 0});
       b.answer(b.ask(), 1);
     }},
    {"a position of another life of Redis", kNone,
     [](Bench& b) {
       b.fences.add(b.fences.life(), {5, 0}, kAvatar, b.commit());
       b.fences.begin_life();
       b.fences.applied(0, {9, 0});
       b.answer(b.ask(), 1);
     }},
    {"older than what the node passed on", of(Kind::Passed),
     [](Bench& b) { b.truth.passed(0, kAvatar, b.commit()), b.answer(b.ask(), 1); }},
    {"another node passed it on", kNone,
     [](Bench& b) { b.truth.passed(1, kAvatar, b.commit()), b.answer(b.ask(), 1); }},
    {"5xx with a healthy origin", of(Kind::Failed), [](Bench& b) { b.answer_with(b.ask(), 504, "", ""); }},
    {"5xx with an unwell origin", kNone,
     [](Bench& b) {
       const Asked asked = b.ask();
       b.conditions.origin_unwell.begin();
       b.conditions.origin_unwell.end();
       b.answer_with(asked, 504, "", "");
     }},
    {"4xx with an unwell origin", of(Kind::Failed),
     [](Bench& b) { b.conditions.origin_unwell.begin(), b.answer_with(b.ask(), 400, "", ""); }},
    {"5xx from a node that is down", kNone,
     [](Bench& b) { b.conditions.node_down[0].begin(), b.answer_with(b.ask(), 503, "", ""); }},
    {"no answer", of(Kind::Unanswered), [](Bench& b) { b.judge.unanswered(b.ask(), "closed", BootClock::now()); }},
    {"no answer from a node that went down", kNone,
     [](Bench& b) {
       const Asked asked = b.ask();
       b.conditions.node_down[0].begin();
       b.conditions.node_down[0].end();
       b.judge.unanswered(asked, "closed", BootClock::now());
     }},
    {"no answer from one while another is down", of(Kind::Unanswered),
     [](Bench& b) {
       b.conditions.node_down[1].begin();
       b.judge.unanswered(b.ask(), "closed", BootClock::now());
     }},
    {"half an answer, of an unwell origin", kNone,
     [](Bench& b) { b.conditions.origin_unwell.begin(), b.judge.broken_off(b.ask(), BootClock::now()); }},
    {"half an answer, of a healthy one", of(Kind::Unanswered),
     [](Bench& b) { b.judge.broken_off(b.ask(), BootClock::now()); }},
    {"no answer, with an unwell origin", of(Kind::Unanswered),
     [](Bench& b) {
       b.conditions.origin_unwell.begin();
       b.judge.unanswered(b.ask(), "closed", BootClock::now());
     }},
    {"a new head on an old body", of(Kind::Torn),
     [](Bench& b) { b.answer_with(b.ask(), 200, picture(kAvatar, 1, 1), etag_of(kAvatar, b.commit())); }},
    {"another avatar", of(Kind::Torn), [](Bench& b) { b.answer_with(b.ask(), 200, picture(8, 1, 1), etag_of(8, 1)); }},
    {"another variant", of(Kind::Torn),
     [](Bench& b) { b.answer_with(b.ask(), 200, picture(kAvatar, 2, 1), etag_of(kAvatar, 1)); }},
    {"a body that is cut", of(Kind::Torn),
     [](Bench& b) { b.answer_with(b.ask(), 200, picture(kAvatar, 1, 1).substr(0, 50), etag_of(kAvatar, 1)); }},
    {"a replica that lags, passed through and marked", kNone,
     [](Bench& b) {
       b.conditions.origin_lags.begin();
       b.truth.acknowledged(kAvatar, b.commit());
       b.answer(b.ask(), 1, 200, "avatar-edge; fwd=uri-miss; detail=behind-update");
     }},
    {"a replica that lags, overtaken by an update and marked", kNone,
     [](Bench& b) {
       b.conditions.origin_lags.begin();
       b.truth.acknowledged(kAvatar, b.commit());
       b.answer(b.ask(), 1, 200, "avatar-edge; fwd=uri-miss; detail=voided");
     }},
    {"overtaken by an update and marked, but no replica lags", of(Kind::Fenced),
     [](Bench& b) {
       b.truth.fenced(0, kAvatar, b.commit());
       b.answer(b.ask(), 1, 200, "avatar-edge; fwd=uri-miss; detail=voided");
     }},
    {"a replica that lags, stored", of(Kind::Acknowledged),
     [](Bench& b) {
       b.conditions.origin_lags.begin();
       b.truth.acknowledged(kAvatar, b.commit());
       b.answer(b.ask(), 1);
     }},
    {"marked so, but no replica lags", of(Kind::Acknowledged),
     [](Bench& b) {
       b.truth.acknowledged(kAvatar, b.commit());
       b.answer(b.ask(), 1, 200, "avatar-edge; fwd=uri-miss; detail=behind-update");
     }},
};

bool holds(const Case& one) {
  Bench bench(one.has_tier);
  one.story(bench);
  bool is_right = true;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const std::uint64_t expected = static_cast<int>(kind) == one.kind ? 1 : 0;
    const std::uint64_t found = bench.judge.count(static_cast<Kind>(kind));
    if (found == expected) continue;
    is_right = false;
    std::cerr << "prover: self-test: " << one.name << ": " << found << " of kind " << kKindNames[kind] << ", not "
              << expected << "\n";
  }
  return is_right;
}

}  // namespace

int self_test() {
  bool is_right = true;
  for (const Case& one : kCases) is_right &= holds(one);
  if (is_right) std::cout << "prover: self-test: " << std::size(kCases) << " cases judged rightly\n";
  return is_right ? 0 : 1;
}

}  // namespace prove
