#include "serving/fill_runner.h"

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "http/conditional.h"
#include "http/date.h"
#include "http/hop_by_hop.h"
#include "http/storable.h"
#include "http/vary.h"
#include "serving/waiters.h"

namespace edge::serving {
namespace {

using http::FieldName;

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

std::string_view last_modified_text(const cache::StoredResponse& response) {
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
      request_lines_(std::move(plan.request_lines)),
      asked_at_(services_.loop.now()),
      asked_wall_(services_.loop.wall()) {}

FillRun::~FillRun() = default;

void FillRun::start() {
  origin::FetchRequest request{.method = "GET", .target = std::string(permit_->url()), .field_lines = request_lines_};
  if (stale_) http::append_revalidation_lines(request.field_lines, stale_->etag(), last_modified_text(*stale_));
  fetch_ = services_.origin.start(std::move(request), *this);
}

void FillRun::cancel() {
  end(services_.cache.give_up(std::move(*permit_)),
      FillFailed{http::ProxyError::DestinationUnavailable, "shutting down"}, metrics::FillEnd::Failed);
}

// Decides what the response may be used for, before its body comes.
origin::BodyMode FillRun::on_head(const http::ResponseHead& head) {
  const ServingOptions& options = *services_.options;
  status_ = head.status;
  head_lines_.clear();
  for (const http::Field& field : head.fields) http::append_line(head_lines_, field.name, field.value);
  const http::CacheControl control = http::parse_cache_control(head.fields);
  const WallTime received = services_.loop.wall();
  const auto lifetime = http::freshness_lifetime(head, control, options.freshness, received);

  if (head.status == 304) {
    if (!stale_ || !http::is_about_stored(head.fields, stale_->etag(), last_modified_text(*stale_))) {
      on_error({http::ProxyError::HttpProtocolError, "304 to a question that was not asked", true});
      return origin::BodyMode::Stream;
    }
    use_ = Use::Refresh;
    return origin::BodyMode::Collect;
  }
  // Credentials and wishes of one client are not in it: whoever has them does not begin a fill.
  const auto storability = http::judge_storability(http::Method::Get, {}, head, control, lifetime);
  if (storability != http::Storability::Storable && is_trouble(head.status)) {
    use_ = Use::ShareError;
  } else if (storability != http::Storability::Storable) {
    return hand_over(http::to_text(storability), true);
  } else if (try_unsigned(head.fields.value(FieldName::ContentLength)).value_or(0) > options.object_bytes_max) {
    return hand_over("too-large", true);
  }
  note_head(head, lifetime);
  return origin::BodyMode::Collect;
}

// What is stored of a head.
void FillRun::note_head(const http::ResponseHead& head, const http::FreshnessLifetime& lifetime) {
  lines_.clear();
  // Age and the body's length are said anew with each answer.
  http::append_end_to_end_lines(lines_, head.fields, {FieldName::Age, FieldName::ContentLength});
  const http::Fields kept = http::parse_lines(lines_);
  etag_ = kept.single(FieldName::ETag).value_or(std::string_view{});
  const auto now_seconds = std::chrono::floor<std::chrono::seconds>(services_.loop.wall());
  last_modified_.reset();
  if (const auto text = kept.single(FieldName::LastModified)) last_modified_ = http::try_http_date(*text, now_seconds);
  has_date_ = kept.has(FieldName::Date);
  if (kept.has(FieldName::Vary))
    selecting_ = http::selecting_lines(kept.combined(FieldName::Vary), http::parse_lines(request_lines_));
  version_ = try_unsigned(kept.combined(services_.options->version_header));
  const auto delay = std::chrono::floor<std::chrono::milliseconds>(services_.loop.now() - asked_at_);
  born_at_ = services_.loop.now() - http::initial_age(head, services_.loop.wall(), delay);
  fresh_until_ = born_at_ + lifetime.length;
}

void FillRun::on_body(std::string_view) {}

origin::BodyMode FillRun::on_collect_overflow() { return hand_over("too-large", use_ == Use::Store); }

void FillRun::on_end() {
  switch (use_) {
    case Use::Store:
      return end_stored();
    case Use::Refresh:
      return end_revalidated();
    case Use::ShareError:
      return end_shared_error();
  }
}

void FillRun::on_error(const origin::FetchError& error) {
  log_warning("origin.failed", error.detail);
  end(services_.cache.give_up(std::move(*permit_)), FillFailed{error.error, std::string(http::to_text(error.error))},
      metrics::FillEnd::Failed);
}

cache::StoredResponseParts FillRun::parts() const {
  return {.url = permit_->url(),
          .status = status_,
          .fields = lines_,
          .selecting = selecting_,
          .etag = etag_,
          .last_modified = last_modified_,
          .version = version_,
          .has_date = has_date_,
          .asked_at = asked_at_,
          .born_at = born_at_,
          .fresh_until = fresh_until_};
}

void FillRun::end_stored() {
  const auto response = cache::StoredResponse::make(parts(), fetch_->take_body(), services_.cache.budget());
  const std::uint16_t status = status_;
  cache::FillEnded ended = services_.cache.store(std::move(*permit_), response);
  const auto verdict = ended.verdict;
  end(std::move(ended), Filled{response, verdict, verdict == cache::StoreVerdict::Stored, status},
      fill_end(verdict, metrics::FillEnd::Stored));
}

// RFC 9111 section 4.3.4. The 304's lifetime is judged on the head that it makes together with the stored one.
void FillRun::end_revalidated() {
  const std::string merged = http::merge_not_modified(stale_->fields(), http::parse_lines(head_lines_));
  http::ResponseHead head{.status = stale_->status(), .fields = http::parse_lines(merged)};
  // The age that counts is the 304's.
  if (const auto age = http::parse_lines(head_lines_).value(FieldName::Age); !age.empty()) head.fields.add("age", age);
  status_ = stale_->status();
  note_head(head, http::freshness_lifetime(head, http::parse_cache_control(head.fields), services_.options->freshness,
                                           services_.loop.wall()));
  const auto response = cache::StoredResponse::make_refreshed(parts(), stale_, services_.cache.budget());
  cache::FillEnded ended = services_.cache.refresh(std::move(*permit_), stale_, response);
  const auto verdict = ended.verdict;
  end(std::move(ended), Filled{response, verdict, verdict == cache::StoreVerdict::Stored, 304},
      fill_end(verdict, metrics::FillEnd::NotModified));
}

void FillRun::end_shared_error() {
  const auto response = cache::StoredResponse::make(parts(), fetch_->take_body(), services_.cache.budget());
  end(services_.cache.give_up(std::move(*permit_)), Filled{response, cache::StoreVerdict::Stored, false, status_},
      metrics::FillEnd::Failed);
}

// The response is for the leader alone, as it comes; the others ask for themselves, and with `remember` so does, for a
// while, whoever comes later.
origin::BodyMode FillRun::hand_over(std::string_view why, bool remember) {
  cache::FillEnded ended;
  if (remember) {
    const cache::StoredResponseParts mark{.url = permit_->url(),
                                          .status = 0,
                                          .asked_at = asked_at_,
                                          .born_at = services_.loop.now(),
                                          .fresh_until = services_.loop.now() + services_.options->uncacheable_ttl};
    ended = services_.cache.store(std::move(*permit_), cache::StoredResponse::make(mark, {}, services_.cache.budget()));
  } else {
    ended = services_.cache.give_up(std::move(*permit_));
  }
  if (FillWaiter* const leader = services_.waiters.find(leader_)) {
    services_.waiters.remove(leader_);
    const http::ResponseHead head{.status = status_, .fields = http::parse_lines(head_lines_)};
    leader->take_stream(std::move(fetch_), head, why);
  }
  end(std::move(ended), NotShared{}, metrics::FillEnd::NotStorable);
  return origin::BodyMode::Stream;
}

void FillRun::end(cache::FillEnded ended, FillOutcome outcome, metrics::FillEnd how) {
  permit_.reset();
  fetch_.reset();
  services_.metrics.fills[how].add();
  services_.directory.tell(ended.waiters, outcome);
  runner_.remove(*this);
}

}  // namespace edge::serving
