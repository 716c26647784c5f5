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
#include "serving/request_identity.h"
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
  if (plan.route != kNoRoute) {
    if (plan.route >= fills_of_route_.size()) fills_of_route_.resize(plan.route + 1);
    ++fills_of_route_[plan.route];
  }
  auto run = std::make_unique<FillRun>(*this, std::move(plan));
  FillRun& started = *run;
  runs_.emplace(&started, std::move(run));
  services_.metrics.fills_in_flight.add();
  started.start();
}

void FillRunner::cancel_all() {
  while (!runs_.empty()) runs_.begin()->second->cancel();
}

bool FillRunner::is_route_full(std::size_t route) const {
  const std::uint32_t max = services_.options->fills_per_route_max;
  return max > 0 && route != kNoRoute && fills_of_route_[route] > max;
}

bool FillRunner::has_room_for(std::uint64_t bytes, std::uint64_t held) const {
  // One alone always has: no limit is so small that nothing can be filled.
  return held_bytes_ == held || held_bytes_ + bytes <= services_.options->fill_bytes_max;
}

void FillRunner::remove(FillRun& run, std::size_t route, std::uint64_t held_bytes) {
  if (route != kNoRoute) --fills_of_route_[route];
  held_bytes_ -= held_bytes;
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
      identity_lines_(std::move(plan.identity_lines)),
      avatar_(std::move(plan.avatar)),
      route_(plan.route),
      may_remember_(plan.may_remember),
      may_use_tier_(plan.may_use_tier),
      on_end_(std::move(plan.on_end)),
      as_of_(permit_->as_of()),
      floor_(permit_->floor()) {}

FillRun::~FillRun() = default;

void FillRun::start() {
  pause_point("fill.claimed");
  // An end at once is safe: those who wait are told by a post, so after whoever begins this has become one of them.
  if (runner_.is_shedding()) return shed();
  if (runner_.is_route_full(route_)) return refuse(metrics::Limit::FillsPerRoute);
  if (services_.tier && may_use_tier_) look_into_tier();
  if (!look_) ask();
}

void FillRun::look_into_tier() {
  if (!services_.cache.may_ask_tier(*permit_, services_.loop.clock().now()))
    return services_.metrics.tier_looks[metrics::TierLookEnd::Forbidden].add();
  look_ = services_.tier->try_look({avatar_, std::string(permit_->url()), request_lines_},
                                   [this](std::optional<TierHit> hit) { on_tier(std::move(hit)); });
}

// PROTOCOL R20: what the tier had is believed only where nothing that this node knows speaks against it.
void FillRun::on_tier(std::optional<TierHit> hit) {
  pause_point("fill.tier_answered");
  if (!hit) return ask();
  auto ended = services_.cache.store_from_tier(*permit_, hit->known_to, hit->response);
  services_.metrics.tier_looks[ended ? metrics::TierLookEnd::Hit : metrics::TierLookEnd::Disbelieved].add();
  if (!ended) return ask();
  const Filled filled{.response = std::move(hit->response),
                      .verdict = ended->verdict,
                      .is_stored = ended->verdict == cache::StoreVerdict::Stored,
                      .usable_until = ended->usable_until,
                      .is_from_tier = true};
  end(*std::move(ended), filled, metrics::FillEnd::FromTier);
}

void FillRun::ask() {
  if (services_.maintenance.is_on())
    return end_failed(http::ProxyError::DestinationUnavailable, services_.options->maintenance_retry_after);
  asked_at_ = services_.loop.now();
  // PROTOCOL R22: with what the fill is as of. A gap since it began has voided it.
  place_ = services_.tier ? services_.tier->place() : nullptr;
  origin::FetchRequest request{.method = "GET", .target = std::string(permit_->url()), .field_lines = request_lines_};
  use_identity(request.field_lines, identity_lines_);
  // What bears credentials is rarely stored, and streamed then.
  request.may_share_connection = may_remember_;
  if (is_revalidation())
    http::append_revalidation_lines(request.field_lines, stale_->etag(), last_modified_text(*stale_));
  fetch_ = services_.origin.start(std::move(request), *this);
  pause_point("fill.asked");
}

// Counts so many bytes of the body, where there is room for them.
bool FillRun::hold(std::uint64_t bytes) {
  if (bytes <= held_bytes_) return true;
  if (!runner_.has_room_for(bytes - held_bytes_, held_bytes_)) return false;
  runner_.held_bytes_ += bytes - held_bytes_;
  held_bytes_ = bytes;
  return true;
}

// Shed early: clients come again soon, and hits go on meanwhile.
void FillRun::refuse(metrics::Limit limit) {
  services_.metrics.limit_reached(limit);
  end_failed(http::ProxyError::ConnectionLimitReached, std::nullopt);
}

// What is held goes on being served, and what is stale stands in as it does for an origin that fails.
void FillRun::shed() {
  services_.metrics.limit_reached(metrics::Limit::OverloadFills);
  end_failed(http::ProxyError::ProxyInternalResponse, std::nullopt);
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
      if (head.status != 204) body_length_ = try_unsigned(head.fields.value(FieldName::ContentLength)).value_or(0);
      if (!hold(body_length_)) {
        refuse(metrics::Limit::FillBytes);
        return origin::BodyMode::Stream;
      }
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
  return version && permit_->is_behind(*version);
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

void FillRun::on_collected(const Bytes& so_far) {
  if (!hold(so_far.size())) return refuse(metrics::Limit::FillBytes);
  if (!arrival_ && may_arrive(so_far)) announce(so_far);
  if (arrival_) services_.directory.tell(arrival_->grow(so_far.view()), Arriving{arrival_});
}

// Not where all is there already, nor where a stale response may stand in for one that breaks off.
bool FillRun::may_arrive(const Bytes& so_far) const {
  return use_ == Use::Store && body_length_ >= services_.options->caching.stream_from_bytes &&
         so_far.size() < body_length_ && so_far.capacity() >= body_length_ && !has_stand_in();
}

// Those who wait now asked before whatever voids the fill from here on, and those who join meet no voided one.
void FillRun::announce(const Bytes& so_far) {
  cache::MemoryBudget& budget = services_.cache.budget();
  const cache::StoredResponseParts parts = head_->parts(permit_->url());
  arrival_ = Ref<cache::Arrival>(new cache::Arrival({.head = cache::StoredResponse::make(parts, {}, budget),
                                                     .length = body_length_,
                                                     .owner = cache::charge_body(so_far, budget),
                                                     .is_behind = parts.version && permit_->is_behind(*parts.version),
                                                     .leader_lines = shared_or_null(head_->unshared_lines())}));
  services_.directory.tell(services_.cache.announce(*permit_, arrival_), Arriving{arrival_});
}

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
  end_failed(error.error, error.retry_after);
}

void FillRun::put_into_tier(const cache::FillEnded& ended, const Ref<const cache::StoredResponse>& response) {
  if (!place_ || ended.verdict != cache::StoreVerdict::Stored) return;
  pause_point("fill.before_put");
  is_put_ = services_.tier->put({place_, avatar_, as_of_, floor_, response, ended.usable_until});
}

void FillRun::end_stored() {
  cache::MemoryBudget& budget = services_.cache.budget();
  const auto parts = head_->parts(permit_->url());
  Bytes body = fetch_->take_body();
  const auto response = arrival_ ? cache::StoredResponse::make(parts, body.view(), arrival_->about().owner, budget)
                                 : cache::StoredResponse::make(parts, std::move(body), budget);
  cache::FillEnded ended = services_.cache.store(std::move(*permit_), response);
  put_into_tier(ended, response);
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
  put_into_tier(ended, response);
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

void FillRun::end_failed(http::ProxyError error, std::optional<std::chrono::seconds> retry_after) {
  why_broken_ = error;
  cache::FillEnded ended = services_.cache.give_up(std::move(*permit_));
  // What an update has overtaken is not served again, whatever its directives allow (PROTOCOL R1).
  if (ended.verdict != cache::StoreVerdict::Voided && has_stand_in())
    return end_with_stand_in(std::move(ended), std::nullopt);
  end(std::move(ended), FillFailed{error, std::string(http::to_text(error)), retry_after}, metrics::FillEnd::Failed);
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
  if (look_) {
    look_->cancel();
    if (look_->has_claim() && !is_put_) services_.tier->release_claim(*look_);
  }
  services_.metrics.fills[how].add();
  if (arrival_) services_.directory.tell(arrival_->break_off(why_broken_), Arriving{arrival_});
  services_.directory.tell(std::move(ended.waiters), outcome);
  services_.directory.tell(std::move(ended.followers), LookAgain{});
  if (on_end_) on_end_();
  runner_.remove(*this, route_, held_bytes_);
}

}  // namespace edge::serving
