#include "serving/fill_runner.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "base/pause_point.h"
#include "base/text.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/storable.h"
#include "http/targeted_cache_control.h"
#include "serving/waiters.h"

namespace edge::serving {
namespace {

using http::FieldName;

// Room for so many bytes of field lines at first; an avatar's head has fewer.
constexpr std::size_t kHeadExpected = 512;

// An origin in trouble says so to everybody who waits, not to each in turn; but nobody remembers it.
bool is_trouble(std::uint16_t status) { return status >= 500 || status == 408 || status == 425 || status == 429; }

metrics::FillEnd fill_end(cache::StoreVerdict verdict, metrics::FillEnd stored) {
  switch (verdict) {
    case cache::StoreVerdict::Stored:
      return stored;
    case cache::StoreVerdict::Voided:
    case cache::StoreVerdict::Replaced:
      return metrics::FillEnd::Voided;
    case cache::StoreVerdict::BelowFloor:
      return metrics::FillEnd::BelowFloor;
    case cache::StoreVerdict::NoRoom:
      return metrics::FillEnd::NoRoom;
  }
  EDGE_CHECK(false);
}

// The errors that a stale response may stand in for (RFC 5861 section 4).
bool is_stale_if_error_status(std::uint16_t status) {
  return status == 500 || status == 502 || status == 503 || status == 504;
}

std::shared_ptr<const std::string> shared_or_null(const std::string& lines) {
  return lines.empty() ? nullptr : std::make_shared<const std::string>(lines);
}

// As the origin wrote it; empty where it is no date, with which nothing can be asked.
std::string_view last_modified_text(const cache::StoredResponse& response) {
  if (!response.last_modified()) return {};
  return http::parse_lines(response.fields()).value(FieldName::LastModified);
}

}  // namespace

FillRunner::FillRunner(const Services& services) : services_(services) {}

FillRunner::~FillRunner() { cancel_all(); }

void FillRunner::start(FillPlan plan) {
  auto run = std::make_unique<FillRun>(*this, std::move(plan));
  FillRun& started = *run;
  runs_.emplace(&started, std::move(run));
  services_.metrics.fills_in_flight.add();
  started.start();
}

void FillRunner::cancel_all() {
  while (!runs_.empty()) runs_.begin()->second->cancel();
}

void FillRunner::remove(FillRun& run) {
  auto removed = runs_.extract(&run);
  EDGE_CHECK(!removed.empty());
  services_.metrics.fills_in_flight.subtract();
  services_.loop.destroy_later(std::move(removed.mapped()));
}

FillRun::FillRun(FillRunner& runner, FillPlan plan)
    : runner_(runner),
      services_(runner.services_),
      permit_(std::move(plan.permit)),
      leader_(plan.leader),
      stale_(std::move(plan.stale)),
      stale_usable_until_(plan.stale_usable_until),
      request_lines_(std::move(plan.request_lines)),
      may_remember_(plan.may_remember) {}

FillRun::~FillRun() = default;

void FillRun::start() {
  pause_point("fill.claimed");
  ask();
}

void FillRun::ask() {
  asked_at_ = services_.loop.now();
  origin::FetchRequest request{.method = "GET", .target = std::string(permit_->url()), .field_lines = request_lines_};
  if (is_revalidation())
    http::append_revalidation_lines(request.field_lines, stale_->etag(), last_modified_text(*stale_));
  fetch_ = services_.origin.start(std::move(request), *this);
  pause_point("fill.asked");
}

void FillRun::cancel() {
  cache::FillEnded ended = services_.cache.give_up(std::move(*permit_));
  ended.waiters.insert(ended.waiters.end(), ended.followers.begin(), ended.followers.end());
  ended.followers.clear();
  end(std::move(ended), FillFailed{http::ProxyError::DestinationUnavailable, "shutting down"},
      metrics::FillEnd::Failed);
}

void FillRun::on_interim(const http::ResponseHead& head) {
  if (FillWaiter* const leader = leader_ ? services_.waiters.find(*leader_) : nullptr) leader->on_interim(head);
}

// Decides what the response may be used for, before its body comes.
origin::BodyMode FillRun::on_head(const http::ResponseHead& head) {
  status_ = head.status;
  head_lines_.clear();
  head_lines_.reserve(kHeadExpected);
  for (const http::Field& field : head.fields) http::append_line(head_lines_, field.name, field.value);
  const http::CacheControl control =
      http::response_cache_control(head.fields, services_.options->caching.targeted_fields);
  use_ = judge(head, control);
  pause_point("fill.head_judged");
  switch (use_) {
    case Use::Store:
      note_head(head, control);
      return origin::BodyMode::Collect;
    case Use::ShareError:
      note_error(head, control);
      return origin::BodyMode::Collect;
    case Use::Refresh:
      return origin::BodyMode::Collect;
    case Use::AskAgain:
      may_revalidate_ = false;
      ask();
      return origin::BodyMode::Stream;
    case Use::Refuse:
      log_warning("origin.failed", "304 to a question that was not asked");
      end_failed(http::ProxyError::HttpProtocolError);
      return origin::BodyMode::Stream;
    case Use::Behind:
      pause_and_ask();
      return origin::BodyMode::Stream;
    case Use::HandOver:
      return hand_over();
  }
  EDGE_CHECK(false);
}

FillRun::Use FillRun::judge(const http::ResponseHead& head, const http::CacheControl& control) {
  const ServingOptions& options = *services_.options;
  const bool may_be_stood_in_for = is_stale_if_error_status(head.status) && has_stand_in();
  if (!may_be_stood_in_for && is_behind(head)) return Use::Behind;
  if (head.status == 304) return judge_not_modified(head);
  storability_ = judge_storability(head, control);
  if (may_be_stood_in_for) return Use::ShareError;
  if (storability_ != http::Storability::Storable) {
    why_handed_over_ = http::to_text(storability_);
    return is_trouble(head.status) ? Use::ShareError : Use::HandOver;
  }
  if (try_unsigned(head.fields.value(FieldName::ContentLength)).value_or(0) > options.object_bytes_max) {
    why_handed_over_ = "too-large";
    return Use::HandOver;
  }
  return Use::Store;
}

// RFC 9111 section 4.3.4. What counts is the head that a 304 makes together with the stored one. Where that forbids
// keeping the response, the origin is asked for a whole one, which is then for whom it is for.
FillRun::Use FillRun::judge_not_modified(const http::ResponseHead& head) {
  if (!is_revalidation()) return Use::Refuse;
  if (!http::is_about_stored(head.fields, stale_->etag(), last_modified_text(*stale_))) return Use::AskAgain;
  http::Fields newer = head.fields;
  // A 304 without a Date was made when it came (RFC 9110 section 6.6.1), not when the stored response was.
  const std::string now = http::format_http_date(std::chrono::floor<std::chrono::seconds>(services_.loop.wall()));
  if (!newer.has(FieldName::Date)) newer.add("date", now);
  const std::string stored = std::string(stale_->withheld()).append(stale_->fields());
  const std::string merged = http::merge_not_modified(stored, newer);
  const http::ResponseHead freshened{.status = stale_->status(), .fields = http::parse_lines(merged)};
  const auto control = http::response_cache_control(freshened.fields, services_.options->caching.targeted_fields);
  if (judge_storability(freshened, control) != http::Storability::Storable) return Use::AskAgain;
  note_head(freshened, control);
  return Use::Refresh;
}

http::Storability FillRun::judge_storability(const http::ResponseHead& head, const http::CacheControl& control) const {
  const CachingPolicy& policy = services_.options->caching;
  const auto lifetime = http::freshness_lifetime(head, control, policy.freshness, services_.loop.wall());
  return http::judge_storability(http::Method::Get, http::parse_lines(request_lines_), head, control, lifetime,
                                 policy.set_cookie);
}

// A replica of the origin that has not heard of the update yet (PROTOCOL R4). After the last try it is passed on.
bool FillRun::is_behind(const http::ResponseHead& head) const {
  const ServingOptions& options = *services_.options;
  if (times_behind_ >= options.caching.lag_retries) return false;
  const auto version = try_unsigned(head.fields.combined(options.version_header));
  return version && services_.cache.is_behind(*permit_, *version);
}

void FillRun::pause_and_ask() {
  fetch_.reset();
  services_.metrics.origin_lag_retries.add();
  if (!ask_again_) ask_again_.emplace(services_.loop, [this] { ask(); });
  ask_again_->arm(services_.options->caching.lag_pause * (1u << times_behind_));
  ++times_behind_;
}

void FillRun::note_head(const http::ResponseHead& head, const http::CacheControl& control) {
  head_.emplace(head, control, ResponseTimes{asked_at_, services_.loop.now(), services_.loop.wall()}, request_lines_,
                *services_.options);
}

// Its cookies are for the one whose request was sent, whatever else those who wait may be told.
void FillRun::note_error(const http::ResponseHead& head, http::CacheControl control) {
  control.unshared.emplace_back("set-cookie");
  note_head(head, control);
}

void FillRun::on_body(std::string_view) {}

origin::BodyMode FillRun::on_collect_overflow() {
  why_handed_over_ = "too-large";
  return hand_over();
}

void FillRun::on_end() {
  pause_point("fill.body_collected");
  switch (use_) {
    case Use::Store:
      return end_stored();
    case Use::Refresh:
      return end_revalidated();
    case Use::ShareError:
      return end_shared_error();
    case Use::AskAgain:
    case Use::Refuse:
    case Use::Behind:
    case Use::HandOver:
      break;
  }
  EDGE_CHECK(false);  // The fetch has been given up or away.
}

void FillRun::on_error(const origin::FetchError& error) {
  log_warning("origin.failed", error.detail);
  end_failed(error.error);
}

void FillRun::end_stored() {
  const auto response =
      cache::StoredResponse::make(head_->parts(permit_->url()), fetch_->take_body(), services_.cache.budget());
  cache::FillEnded ended = services_.cache.store(std::move(*permit_), response);
  const auto verdict = ended.verdict;
  const Instant usable_until = ended.usable_until;
  end(std::move(ended),
      Filled{response, verdict, verdict == cache::StoreVerdict::Stored, status_,
             shared_or_null(head_->unshared_lines()), usable_until},
      fill_end(verdict, metrics::FillEnd::Stored));
}

void FillRun::end_revalidated() {
  const http::Fields newer = http::parse_lines(head_lines_);
  cache::StoredResponseParts parts = head_->parts(permit_->url());
  const http::Fields older = http::parse_lines(stale_->fields());
  // It stays for whom it was chosen, also where this request was another that it is good for (http::is_selected).
  if (!newer.has(FieldName::Vary) || newer.combined(FieldName::Vary) == older.combined(FieldName::Vary))
    parts.selecting = stale_->selecting();
  const auto response = cache::StoredResponse::make_refreshed(parts, stale_, services_.cache.budget());
  std::string for_leader = head_->unshared_lines();
  // A cookie that comes with a 304 is not stored where none was (http::merge_not_modified).
  if (!older.has(FieldName::SetCookie))
    for (const http::Field& field : newer)
      if (field.id == FieldName::SetCookie) http::append_line(for_leader, field.name, field.value);
  cache::FillEnded ended = services_.cache.refresh(std::move(*permit_), stale_, response);
  const auto verdict = ended.verdict;
  const Instant usable_until = ended.usable_until;
  end(std::move(ended),
      Filled{response, verdict, verdict == cache::StoreVerdict::Stored, std::uint16_t{304}, shared_or_null(for_leader),
             usable_until},
      fill_end(verdict, metrics::FillEnd::NotModified));
}

void FillRun::end_shared_error() {
  cache::FillEnded ended = services_.cache.give_up(std::move(*permit_));
  if (is_stale_if_error_status(status_) && ended.verdict != cache::StoreVerdict::Voided && has_stand_in())
    return end_with_stand_in(std::move(ended), status_);
  if (storability_ == http::Storability::Private) turn_away_others(ended);
  const auto response = cache::StoredResponse::make(head_->parts({}), fetch_->take_body(), services_.cache.budget());
  end(std::move(ended),
      Filled{response, cache::StoreVerdict::Stored, false, status_, shared_or_null(head_->unshared_lines())},
      metrics::FillEnd::Failed);
}

// The answer is for the leader alone; the others ask for themselves.
void FillRun::turn_away_others(cache::FillEnded& ended) {
  const auto others = std::partition(ended.waiters.begin(), ended.waiters.end(),
                                     [this](const cache::WaiterId& waiter) { return waiter == leader_; });
  services_.directory.tell({others, ended.waiters.end()}, NotShared{});
  ended.waiters.erase(others, ended.waiters.end());
}

void FillRun::end_failed(http::ProxyError error) {
  cache::FillEnded ended = services_.cache.give_up(std::move(*permit_));
  // What an update has overtaken is not served again, whatever its directives allow (PROTOCOL R1).
  if (ended.verdict != cache::StoreVerdict::Voided && has_stand_in())
    return end_with_stand_in(std::move(ended), std::nullopt);
  end(std::move(ended), FillFailed{error, std::string(http::to_text(error))}, metrics::FillEnd::Failed);
}

bool FillRun::has_stand_in() const {
  // What was fresh, but not for a client that wanted it validated, needs the same leave to stand in; so does what
  // nobody vouches for any more (PROTOCOL R16).
  return stale_ && stale_->stale_if_error().count() > 0 &&
         services_.loop.now() < stale_usable_until_ + stale_->stale_if_error();
}

void FillRun::end_with_stand_in(cache::FillEnded ended, std::optional<std::uint16_t> forward_status) {
  end(std::move(ended),
      Filled{.response = stale_,
             .verdict = cache::StoreVerdict::Stored,
             .forward_status = forward_status,
             .usable_until = stale_usable_until_,
             .is_stand_in = true},
      metrics::FillEnd::Failed);
}

Ref<const cache::StoredResponse> FillRun::make_mark() const {
  const Instant now = services_.loop.now();
  return cache::StoredResponse::make({.url = permit_->url(),
                                      .status = 0,
                                      .born_at = now,
                                      .fresh_until = now + services_.options->caching.uncacheable_ttl,
                                      .storability = storability_},
                                     {}, services_.cache.budget());
}

// The response is for the leader alone, as it comes; the others ask for themselves, and for a while so does whoever
// comes later.
origin::BodyMode FillRun::hand_over() {
  // An error says nothing about later answers, and credentials nothing about answers without them.
  const bool remembers = may_remember_ && use_ != Use::ShareError;
  cache::FillEnded ended;
  if (remembers) {
    Ref<const cache::StoredResponse> mark = make_mark();
    ended = services_.cache.store(std::move(*permit_), std::move(mark));
  } else {
    ended = services_.cache.give_up(std::move(*permit_));
  }
  if (FillWaiter* const leader = leader_ ? services_.waiters.find(*leader_) : nullptr) {
    services_.waiters.remove(*leader_);
    const http::ResponseHead head{.status = status_, .fields = http::parse_lines(head_lines_)};
    leader->take_stream(std::move(fetch_), head, why_handed_over_);
  }
  end(std::move(ended), NotShared{}, metrics::FillEnd::NotStorable);
  return origin::BodyMode::Stream;
}

void FillRun::end(cache::FillEnded ended, FillOutcome outcome, metrics::FillEnd how) {
  permit_.reset();
  fetch_.reset();
  services_.metrics.fills[how].add();
  services_.directory.tell(std::move(ended.waiters), outcome);
  services_.directory.tell(std::move(ended.followers), LookAgain{});
  runner_.remove(*this);
}

}  // namespace edge::serving
