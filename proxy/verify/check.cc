#include "verify/check.h"

#include "base/check.h"

namespace edge::verify {
namespace {

// For questions that have no time of their own: our own rate lets nobody wait longer.
constexpr std::chrono::seconds kAskSoon{10};
// The feed says at least every quarter of a second that nothing is new; without it nobody is accused.
constexpr std::chrono::seconds kFeedSilent{10};

}  // namespace

Check::Check(Scene& scene, CheckOf of, const std::optional<Answer>& first, OnDone on_done)
    : scene_(scene), of_(std::move(of)), on_done_(std::move(on_done)) {
  evidence_.event_version = of_.event_version;
  evidence_.before = of_.before;
  if (!first) return;
  evidence_.first = *first;
  evidence_.was_first_before_edge = true;
  has_first_ = true;
}

void Check::start(Instant ask_by) {
  asked_at_ = scene_.loop.wall();
  ask(*scene_.sites[of_.site], ask_by, Priority::Timely, &Check::on_edge);
}

void Check::on_edge(Answer answer) {
  evidence_.edge = std::move(answer);
  step_ = Step::First;
  if (has_first_ || !evidence_.edge.is_usable()) compare_first();
}

void Check::on_first(const Answer& first) {
  if (has_first_ || is_done()) return;
  evidence_.first = first;
  has_first_ = true;
  if (step_ == Step::First) compare_first();
}

void Check::compare_first() {
  if (const auto outcome = judge_first(evidence_)) return finish(*outcome);
  step_ = Step::Second;
  ask(scene_.origin, soon(), Priority::Confirming, &Check::on_second);
}

void Check::on_second(Answer answer) {
  evidence_.second = std::move(answer);
  if (const auto outcome = judge_second(evidence_)) return finish(*outcome);
  step_ = Step::Pause;
  timer_ = std::make_unique<event::Timer>(scene_.loop, [this] { on_timer(); });
  timer_->arm(scene_.options.grace);
}

void Check::on_timer() {
  if (step_ == Step::Feed) return finish(Outcome::Undecided);  // Nothing was heard of it.
  if (evidence_.has_changed_again) return finish(Outcome::ChangedAgain);
  step_ = Step::Again;
  ask(*scene_.sites[of_.site], soon(), Priority::Confirming, &Check::on_again);
}

void Check::on_again(Answer answer) {
  evidence_.edge_again = std::move(answer);
  step_ = Step::Last;
  ask(scene_.origin, soon(), Priority::Confirming, &Check::on_last);
}

void Check::on_last(Answer answer) {
  evidence_.last = std::move(answer);
  const Outcome outcome = judge_last(evidence_);
  if (outcome != Outcome::Inconsistent) return finish(outcome);
  step_ = Step::Feed;
  last_came_ = scene_.loop.clock().now();
  timer_->arm(kFeedSilent);
}

void Check::on_caught_up(Instant as_of) {
  if (step_ == Step::Feed && as_of >= last_came_) finish(judge_last(evidence_));
}

void Check::finish(Outcome outcome) {
  EDGE_CHECK(!is_done());
  step_ = Step::Done;
  if (timer_) timer_->disarm();
  on_done_(*this, outcome);
}

void Check::ask(Asker& asker, Instant ask_by, Priority priority, void (Check::*on_answer)(Answer)) {
  // The one before has called us, and may still be at it.
  if (question_) scene_.loop.destroy_later(std::move(question_));
  question_ = asker.ask(of_.target, ask_by, priority,
                        [this, on_answer](Answer answer) { (this->*on_answer)(std::move(answer)); });
}

Instant Check::soon() { return scene_.loop.now() + kAskSoon; }

}  // namespace edge::verify
