// Two attempts of one fetch beside each other: when the second begins, which of them wins, and what the other says.
#include <utility>

#include "origin/call.h"

namespace edge::origin {

bool Call::may_hedge() const {
  return limits_.hedge_after.count() > 0 && !was_hedged_ && !was_tried_again_ && may_be_sent_twice() &&
         !attempt_->transfer().is_over() && !attempt_->transfer().head().is_complete();
}

// Once a fetch. It counts as the further attempt that try_again would make: there is no third.
void Call::hedge() {
  was_hedged_ = true;
  OriginUrlRef url = owner_.find_hedge_url(tried_);
  if (url == nullptr) return;
  was_tried_again_ = true;
  if (!hedge_) hedge_ = std::make_unique<Attempt>(static_cast<AttemptOwner&>(*this), alone_);
  begin_attempt(*hedge_, std::move(url));
}

// Whether one of two attempts is left, as `attempt_`: the first that is answered, and not badly; or the one that has
// not failed while the other has. Until then nothing of either is handed on.
//
// What the others say of their URLs: one that has failed says what it would have said alone. The second, given up
// because the first is answered after all, has had too little time to say anything. But the first, overtaken by one
// that began later, counts as a failure of its URL: where such a URL answers nobody, no fetch would wait for its
// timeout any more, so that it would never be left out and cost a second attempt each time. One slow answer does no
// harm, since only failures in a row eject, and a whole answer ends the row. For the breaker the fetch is one, which
// was answered.
bool Call::settle_race() {
  if (try_judge(*attempt_) == Verdict::Answered) {
    drop(*hedge_, Verdict::Nothing);
    return true;
  }
  if (try_judge(*hedge_) == Verdict::Answered) {
    metrics_.origin_hedges_won.add();
    const auto first = try_judge(*attempt_);
    if (!first) owner_.note_overtaken(*attempt_);
    drop(*attempt_, first.value_or(Verdict::Nothing));
    return true;
  }
  for (Attempt* const one : {attempt_.get(), hedge_.get()}) {
    const auto verdict = try_judge(*one);
    if (!verdict) continue;
    const bool says_nothing = !one->transfer().head().is_complete() && one->has_lost_shared_connection();
    drop(*one, says_nothing ? Verdict::Nothing : *verdict);
    return true;
  }
  return false;
}

// Whether something is left to wait for. An attempt without a connection ends when the time for that is over; when all
// time is over, the one that has come farther stands for the fetch.
bool Call::expire_race() {
  const Instant now = loop_.now();
  if (now >= answer_deadline()) {
    const bool is_second_farther = hedge_->transfer().was_request_sent() && !attempt_->transfer().was_request_sent();
    Attempt& other = is_second_farther ? *attempt_ : *hedge_;
    const bool was_sent = other.transfer().was_request_sent();
    if (was_sent) owner_.distrust(other.carrier());
    drop(other, had_little_time(other) ? Verdict::Nothing : was_sent ? Verdict::Failed : Verdict::Unreachable);
    return false;
  }
  for (Attempt* const one : {attempt_.get(), hedge_.get()}) {
    if (one->transfer().is_over() || one->transfer().was_request_sent() || now < one->connect_deadline()) continue;
    drop(*one, Verdict::Unreachable);
    return true;
  }
  return true;
}

// The other is the fetch's only one from now on.
void Call::drop(Attempt& attempt, Verdict verdict) {
  if (verdict != Verdict::Nothing) note_attempt(attempt, verdict);
  attempt.end();
  if (&attempt == attempt_.get()) std::swap(attempt_, hedge_);
  owner_.give_back_hedge_place();
}

}  // namespace edge::origin
