#include "verify/inquiry.h"

#include <algorithm>

namespace edge::verify {
namespace {

using std::chrono::milliseconds;

// A check that begins later than this would say little of its time-scale.
milliseconds lateness_max(milliseconds scale) { return std::max(scale / 2, milliseconds{200}); }

}  // namespace

Inquiry::Inquiry(Scene& scene, std::uint64_t number, Change change, InquiryOwner& owner)
    : scene_(scene),
      number_(number),
      change_(std::move(change)),
      owner_(owner),
      scales_left_(scene.options.scales.size()) {}

void Inquiry::start() {
  const Instant ask_by = change_.heard + std::max(scene_.options.scales.front(), milliseconds{1'000});
  question_ = scene_.origin.ask(change_.target, ask_by, Priority::Timely,
                                [this](Answer answer) { on_first(std::move(answer)); });
}

void Inquiry::on_first(Answer answer) {
  first_ = std::move(answer);
  owner_.on_first(*this, *first_);
  // One that is done ends none but itself, and nothing is destroyed before the turn is over.
  for (const auto& check : checks_) check->on_first(*first_);
}

void Inquiry::begin(std::size_t scale, Instant due) {
  std::erase_if(checks_, [](const auto& check) { return check->is_done(); });
  --scales_left_;
  open_ += scene_.sites.size();
  const Instant ask_by = due + lateness_max(scene_.options.scales[scale]);
  for (std::size_t site = 0; site < scene_.sites.size(); ++site) begin_at(site, scale, ask_by);
}

void Inquiry::begin_at(std::size_t site, std::size_t scale, Instant ask_by) {
  if (is_superseded_) return count(site, scale, Outcome::ChangedAgain);
  // Without the origin nothing could be said of what the edge answers.
  if (first_ && !first_->is_usable()) return count(site, scale, Outcome::NoOrigin);
  const CheckOf of{site, scale, change_.target, change_.version, change_.before};
  checks_.push_back(std::make_unique<Check>(scene_, of, first_,
                                            [this](Check& check, Outcome outcome) { on_check_done(check, outcome); }));
  checks_.back()->start(ask_by);
}

void Inquiry::cut_short() {
  scales_left_ = 0;
  end_if_done();
}

void Inquiry::supersede() {
  is_superseded_ = true;
  for (const auto& check : checks_) check->supersede();
}

void Inquiry::on_caught_up(Instant as_of) {
  for (const auto& check : checks_) check->on_caught_up(as_of);
}

void Inquiry::on_check_done(const Check& check, Outcome outcome) {
  if (outcome == Outcome::Inconsistent) owner_.on_accused(*this, check);
  count(check.site(), check.scale(), outcome);
}

void Inquiry::count(std::size_t site, std::size_t scale, Outcome outcome) {
  owner_.on_outcome(site, scale, outcome);
  --open_;
  end_if_done();
}

void Inquiry::end_if_done() {
  if (is_done_ || scales_left_ > 0 || open_ > 0) return;
  is_done_ = true;
  owner_.on_inquiry_done(number_);
}

}  // namespace edge::verify
