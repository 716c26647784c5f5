#include "serving/tier_look.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "http/fields.h"
#include "http/vary.h"
#include "serving/tier.h"
#include "tier2/entry.h"

namespace edge::serving {
namespace {

using metrics::TierLookEnd;
using std::chrono::milliseconds;

// Between two looks for what another node is getting.
constexpr milliseconds kFirstPause{4};
constexpr milliseconds kLongestPause{16};

}  // namespace

TierLook::TierLook(Tier& tier, std::shared_ptr<const tier2::Place> place, TierQuestion question, OnDone on_done)
    : tier_(tier),
      place_(std::move(place)),
      question_(std::move(question)),
      on_done_(std::move(on_done)),
      begun_(tier.loop_.now()),
      vary_(tier.vary_),
      timer_(tier.loop_, [this] { on_timer(); }) {}

TierLook::~TierLook() { cancel(); }

void TierLook::cancel() {
  if (serial_ != 0) {
    tier_.looks_.erase(std::exchange(serial_, 0));
    tier_.is_trying_again_ = false;
  }
  timer_.disarm();
  on_done_ = nullptr;
}

// False where the question could not be sent.
bool TierLook::ask() {
  if (vary_.empty())
    selecting_.clear();
  else
    selecting_ = http::selecting_lines(vary_, http::parse_lines(question_.request_lines));
  const tier2::Words words = tier2::words_of(tier2::GetCall{place_->epoch, question_.avatar, question_.url, vary_,
                                                            selecting_, tier_.node_, tier_.options_.claim},
                                             tier_.layout_);
  const std::vector<std::string_view> views{words.begin(), words.end()};
  const std::uint64_t serial = ++tier_.last_serial_;
  const bool is_sent = tier_.link_.try_script(tier2::Get, views, tier_.options_.answer_timeout(),
                                              [tier = &tier_, serial](Result<redis::Reply> reply) {
                                                const auto found = tier->looks_.find(serial);
                                                if (found != tier->looks_.end())
                                                  found->second->on_answer(std::move(reply));
                                              });
  if (!is_sent) return false;
  serial_ = serial;
  tier_.looks_.emplace(serial, this);
  timer_.arm(tier_.options_.timeout);
  return true;
}

void TierLook::on_answer(Result<redis::Reply> reply) {
  tier_.looks_.erase(std::exchange(serial_, 0));
  timer_.disarm();
  if (!reply) {
    tier_.note_answer(false);
    return done(std::nullopt, TierLookEnd::Error);
  }
  const auto answer = tier2::parse_get(*std::move(reply));
  if (!answer) {
    log_warning("tier.failed", answer.error().message);
    tier_.note_answer(false);
    return done(std::nullopt, TierLookEnd::Error);
  }
  tier_.note_answer(true);
  tier_.note_time(answer->now_ms);
  if (answer->identity != place_->identity) return done(std::nullopt, TierLookEnd::Miss);
  if (!answer->bytes.empty()) return read_entry(*answer);
  if (answer->vary && *answer->vary != vary_ && !std::exchange(has_asked_again_, true)) {
    tier_.vary_ = vary_ = *answer->vary;
    if (!ask()) done(std::nullopt, TierLookEnd::Error);
    return;
  }
  if (answer->is_claimed_by_other) return wait_for_other();
  has_claim_ = tier_.options_.claim.count() > 0 && (!answer->vary || *answer->vary == vary_);
  done(std::nullopt, TierLookEnd::Miss);
}

void TierLook::read_entry(const tier2::GetAnswer& answer) {
  const auto in_tier = milliseconds{answer.now_ms > answer.put_at_ms ? answer.now_ms - answer.put_at_ms : 0};
  auto entry = tier2::decode_entry(answer.bytes, question_.url, in_tier, tier_.loop_.now(), tier_.budget_);
  if (!entry) {
    log_warning("tier.entry", entry.error().message);
    return done(std::nullopt, TierLookEnd::Error);
  }
  if (entry->response->selecting() != selecting_) return done(std::nullopt, TierLookEnd::Miss);
  done(TierHit{std::move(entry->response), std::max(entry->as_of, answer.clean)}, std::nullopt);
}

void TierLook::wait_for_other() {
  is_waiting_ = true;
  if (tier_.loop_.now() - begun_ >= tier_.options_.claim) {
    tier_.metrics_.tier_claims_waited_out.add();
    return done(std::nullopt, TierLookEnd::Miss);
  }
  pause_ = std::min(pause_.count() == 0 ? kFirstPause : pause_ * 2, kLongestPause);
  timer_.arm(pause_);
}

void TierLook::on_timer() {
  if (serial_ == 0) {  // A pause is over.
    if (!ask()) done(std::nullopt, TierLookEnd::Error);
    return;
  }
  tier_.looks_.erase(std::exchange(serial_, 0));
  tier_.note_answer(false);
  done(std::nullopt, TierLookEnd::Late);
}

// Whoever gets a hit says what became of it.
void TierLook::done(std::optional<TierHit> hit, std::optional<TierLookEnd> end) {
  if (end) tier_.metrics_.tier_looks[*end].add();
  if (is_waiting_ && hit) tier_.metrics_.tier_claims_served.add();
  tier_.metrics_.tier_look_duration.observe(tier_.loop_.now() - begun_);
  OnDone tell = std::exchange(on_done_, nullptr);
  tell(std::move(hit));
}

}  // namespace edge::serving
