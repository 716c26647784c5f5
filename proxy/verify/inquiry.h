// All that is asked about one change: the origin once, and at each time-scale every edge.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/event_id.h"
#include "verify/check.h"
#include "verify/scene.h"

namespace edge::verify {

struct Change {
  cache::EventId id;
  std::string avatar;
  std::string target;
  std::optional<std::uint64_t> version;
  std::optional<Answer> before;  // What the origin was last seen to have before it.
  Instant heard{};
};

class Inquiry;

// Who runs it.
class InquiryOwner {
 public:
  virtual void on_first(const Inquiry& inquiry, const Answer& answer) = 0;
  virtual void on_outcome(std::size_t site, std::size_t scale, Outcome outcome) = 0;
  // One of these outcomes, with what speaks for it.
  virtual void on_accused(const Inquiry& inquiry, const Check& check) = 0;
  // Nothing is left to do or to wait for. It may be handed to destroy_later.
  virtual void on_inquiry_done(std::uint64_t number) = 0;

 protected:
  ~InquiryOwner() = default;
};

// Owned by the run.
class Inquiry {
 public:
  Inquiry(Scene& scene, std::uint64_t number, Change change, InquiryOwner& owner);

  // Asks the origin.
  void start();
  // The time-scale has come, at `due`; each of them once.
  void begin(std::size_t scale, Instant due);
  // No time-scale will be begun any more.
  void cut_short();
  // Another event of the avatar was read: what would be asked later is about that one.
  void supersede();
  void on_caught_up(Instant as_of);

  const Change& change() const { return change_; }
  bool is_superseded() const { return is_superseded_; }
  // Nothing is being asked; what is left are time-scales to come.
  bool is_idle() const { return open_ == 0; }

 private:
  void on_first(Answer answer);
  void begin_at(std::size_t site, std::size_t scale, Instant ask_by);
  void on_check_done(const Check& check, Outcome outcome);
  void count(std::size_t site, std::size_t scale, Outcome outcome);
  void end_if_done();

  Scene& scene_;
  const std::uint64_t number_;
  const Change change_;
  InquiryOwner& owner_;
  std::optional<Answer> first_;
  bool is_superseded_ = false;
  bool is_done_ = false;
  std::size_t scales_left_;
  std::size_t open_ = 0;  // Checks begun that have no outcome.
  std::unique_ptr<Question> question_;
  std::vector<std::unique_ptr<Check>> checks_;
};

}  // namespace edge::verify
