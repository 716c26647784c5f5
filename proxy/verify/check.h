// One check: what one edge answers so long after one change.
#pragma once

#include <memory>
#include <optional>

#include "event/timer.h"
#include "verify/judge.h"
#include "verify/scene.h"

namespace edge::verify {

// Which it is.
struct CheckOf {
  std::size_t site;
  std::size_t scale;
  std::string target;
  std::optional<std::uint64_t> event_version;
  std::optional<Answer> before;
};

// Owned by its inquiry. Asks what judge.h wants asked, in its order, and no more than that.
class Check {
 public:
  // `on_done` is called once, with the outcome; then the check is only to be destroyed, in a later turn.
  using OnDone = UniqueFunction<void(Check&, Outcome)>;

  // `first`: the origin's answer, where it has come; else on_first() brings it.
  Check(Scene& scene, CheckOf of, const std::optional<Answer>& first, OnDone on_done);

  // At once where it is due; asked no later than `ask_by`.
  void start(Instant ask_by);
  void on_first(const Answer& first);
  // Another event of the avatar was read.
  void supersede() { evidence_.has_changed_again = true; }
  // All that was in the feed at that instant has been heard.
  void on_caught_up(Instant as_of);

  std::size_t site() const { return of_.site; }
  std::size_t scale() const { return of_.scale; }
  bool is_done() const { return step_ == Step::Done; }
  const Evidence& evidence() const { return evidence_; }
  WallTime asked_at() const { return asked_at_; }

 private:
  // In the order in which they happen.
  enum class Step { Edge, First, Second, Pause, Again, Last, Feed, Done };

  void on_edge(Answer answer);
  void compare_first();
  void on_second(Answer answer);
  void on_timer();
  void on_again(Answer answer);
  void on_last(Answer answer);
  void finish(Outcome outcome);

  void ask(Asker& asker, Instant ask_by, Priority priority, void (Check::*on_answer)(Answer));
  Instant soon();

  Scene& scene_;
  const CheckOf of_;
  OnDone on_done_;
  Step step_ = Step::Edge;
  Evidence evidence_;
  bool has_first_ = false;
  WallTime asked_at_{};
  Instant last_came_{};
  std::unique_ptr<Question> question_;
  std::unique_ptr<event::Timer> timer_;  // Made where there is something to wait for.
};

}  // namespace edge::verify
