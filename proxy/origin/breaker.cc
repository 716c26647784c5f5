#include "origin/breaker.h"

#include <algorithm>
#include <string>

#include "base/check.h"
#include "base/log.h"

namespace edge::origin {
namespace {

BreakerOptions checked(const BreakerOptions& options) {
  EDGE_CHECK(options.probes > 0 && options.open <= options.open_max && options.window >= std::chrono::milliseconds{10});
  return options;
}

}  // namespace

Breaker::Breaker(const BreakerOptions& options, std::uint32_t seed, metrics::WorkerMetrics& metrics)
    : options_(checked(options)), metrics_(metrics), random_(seed), counts_(options.window) {
  if (is_on()) metrics_.origin_breakers[state_].add();
}

Breaker::~Breaker() {
  if (is_on()) metrics_.origin_breakers[state_].subtract();
}

std::optional<Breaker::Ticket> Breaker::try_admit(Instant now) {
  if (state_ == State::Closed) return Ticket{.period = period_, .round = 0};
  if (refuses(now)) return std::nullopt;
  if (now >= next_round_at_) begin_round(now);
  --probes_left_;
  return Ticket{.period = period_, .round = round_};
}

bool Breaker::refuses(Instant now) const {
  return state_ != State::Closed && now < next_round_at_ && probes_left_ == 0;
}

std::chrono::milliseconds Breaker::wait(Instant now) const {
  if (!refuses(now)) return {};
  return std::chrono::ceil<std::chrono::milliseconds>(next_round_at_ - now);
}

void Breaker::note_answer(Ticket ticket, Instant now) {
  if (!is_on() || ticket.period != period_) return;
  if (state_ == State::Closed) return counts_.add(now, {.all = 1});
  ++answers_;
  if (answers_ >= options_.probes) return close();
  if (answers_ == 1) probes_left_ = options_.probes - 1;
  if (state_ == State::Open) enter(State::HalfOpen);  // The answer to a probe that others have failed after.
}

void Breaker::note_failure(Ticket ticket, Instant now, bool was_answered) {
  if (!is_on() || ticket.period != period_) return;
  if (state_ == State::Closed) {
    counts_.add(now, {.all = was_answered ? 0u : 1u, .some = 1});
    const auto [fetches, failed] = counts_.totals(now);
    if (fetches >= options_.fetches_min && failed * 100 >= fetches * options_.failed_percent) open(now);
    return;
  }
  if (ticket.round != round_) return;
  answers_ = probes_left_ = 0;
  if (state_ == State::HalfOpen) enter(State::Open);
}

void Breaker::withdraw(Ticket ticket) {
  if (state_ == State::HalfOpen && ticket.period == period_ && ticket.round == round_) ++probes_left_;
}

Instant Breaker::next_tick() const {
  switch (state_) {
    case State::Closed:
      return Instant::max();
    case State::HalfOpen:
      return next_round_at_ + options_.window;
    case State::Open:
      return next_round_at_;
    case State::Count:
      break;
  }
  EDGE_CHECK(false);
}

void Breaker::tick(Instant now) {
  if (now < next_tick()) return;
  if (state_ == State::Open) return enter(State::HalfOpen);
  if (state_ == State::HalfOpen) close();
}

void Breaker::reload(const BreakerOptions& options) {
  if (is_on()) metrics_.origin_breakers[state_].subtract();
  const bool is_other_window = options.window != options_.window;
  options_ = checked(options);
  if (is_other_window) counts_ = RollingCounts(options_.window);
  if (!is_on()) state_ = State::Closed;
  wait_ = std::min(wait_, options_.open_max);
  if (is_on()) metrics_.origin_breakers[state_].add();
}

void Breaker::enter(State state) {
  metrics_.origin_breakers[state_].subtract();
  metrics_.origin_breakers[state].add();
  metrics_.origin_breaker_transitions[state].add();
  state_ = state;
}

void Breaker::open(Instant now) {
  const auto [fetches, failed] = counts_.totals(now);
  log_warning("origin.breaker", "opens: of " + std::to_string(fetches) + " fetches " + std::to_string(failed) +
                                    " failed; the origin is asked by probes alone");
  ++period_;
  counts_.clear();
  wait_ = options_.open;
  begin_round(now);
  answers_ = probes_left_ = 0;
  enter(State::Open);
}

void Breaker::close() {
  log_info("origin.breaker", answers_ > 0 ? "closes: the origin answers again" : "closes: nobody asks any more");
  ++period_;
  counts_.clear();
  enter(State::Closed);
}

void Breaker::begin_round(Instant now) {
  ++round_;
  probes_left_ = answers_ > 0 ? options_.probes - answers_ : 1;
  // From three quarters of it to all of it.
  const std::uniform_int_distribution<std::int64_t>::param_type part{768, 1024};
  const std::int64_t cut = std::uniform_int_distribution<std::int64_t>{}(random_, part);
  next_round_at_ = now + std::chrono::nanoseconds{wait_} * cut / 1024;
  wait_ = std::min(wait_ * 2, options_.open_max);
  if (state_ == State::Open) enter(State::HalfOpen);
}

}  // namespace edge::origin
