#include "serving/avatar_request.h"

#include <utility>

#include "base/check.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "frontend/error_response.h"
#include "http/hop_by_hop.h"
#include "http/request_directives.h"
#include "http/vary.h"
#include "serving/answers.h"
#include "serving/fill_runner.h"
#include "serving/purge.h"
#include "serving/rate_limiter.h"
#include "serving/request_identity.h"

namespace edge::serving {

using http::FieldName;
using http::ForwardReason;
using http::Method;

namespace {

// A request whose fill turns out to be for another variant, or to have begun too early, looks again; so often, then it
// asks for itself.
constexpr std::uint32_t kLookupsMax = 4;

constexpr std::string_view kStaleIfError = "stale-if-error";
constexpr std::string_view kBehindUpdate = "behind-update";
constexpr std::string_view kAllow = "allow: GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE\r\n";

// Of the last request that ended on this thread.
struct KeptMemory {
  ~KeptMemory() {
    ::operator delete(std::exchange(block, nullptr));
    is_gone = true;  // Requests may still end while the thread does.
  }
  void* block = nullptr;
  bool is_gone = false;
};
thread_local KeptMemory kept_memory;

// RFC 9110 section 7.6.3: by which version the request came.
void append_via(std::string& lines, const http::RequestHead& request) {
  lines += "via: ";
  append_unsigned(lines, request.version_major);
  if (request.version_major < 2) append_unsigned(lines += '.', request.version_minor);
  lines += " avatar-edge\r\n";
}

}  // namespace

void* AvatarRequest::operator new(std::size_t bytes) {
  if (void* const kept = std::exchange(kept_memory.block, nullptr)) return kept;
  return ::operator new(bytes);
}

void AvatarRequest::operator delete(void* memory) noexcept {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // A sanitizer sees what is done to memory that was freed, not to what was kept.
  if (!kept_memory.block && !kept_memory.is_gone) {
    kept_memory.block = memory;
    return;
  }
#endif
  ::operator delete(memory);
}

AvatarRequest::AvatarRequest(Services& services, frontend::Exchange& exchange)
    : services_(services), exchange_(exchange) {}

AvatarRequest::~AvatarRequest() {
  if (waits_) services_.waiters.remove(arrival_ ? reader_ : waiter_);
  if (waits_ || arrival_) services_.cache.leave(*key_, waiter_);
  if (pass_ && pass_->must_outlive_client()) services_.aftermath.adopt(std::move(pass_));
}

bool AvatarRequest::begin() {
  run(Step::Validate);
  return !waits_ && !pass_;
}

// The whole journey. Each step returns the next; Suspended means that a callback will bring the answer.
void AvatarRequest::run(Step step) {
  while (step != Step::Suspended && step != Step::Done) {
    switch (step) {
      case Step::Validate:
        step = validate();
        break;
      case Step::Limit:
        step = limit();
        break;
      case Step::Verify:
        step = verify();
        break;
      case Step::Route:
        step = route();
        break;
      case Step::Lookup:
        step = look_up();
        break;
      case Step::Purge:
        answer_purge(exchange_, *key_, services_);
        step = Step::Done;
        break;
      case Step::Pass:
        step = pass();
        break;
      case Step::Suspended:
      case Step::Done:
        break;
    }
  }
}

AvatarRequest::Step AvatarRequest::validate() {
  const http::RequestHead& request = exchange_.request();
  auto target = http::parse_target(request.target, target_scratch_);
  if (!target) {
    services_.metrics.malformed_requests.add();
    answer_refusal(exchange_, 400, target.error().message);
    return Step::Done;
  }
  target_ = *target;
  if (target_.is_asterisk && request.method != Method::Options) {
    answer_refusal(exchange_, 400, "only OPTIONS may ask for *");
    return Step::Done;
  }
  // RFC 9110 section 7.6.2: it asks whoever is the last that may be asked.
  if (target_.is_asterisk || (request.method == Method::Options && forwards_left() == 0)) {
    exchange_.set_outcome(metrics::Outcome::Local);
    exchange_.respond({.status = 204, .fields = kAllow});
    return Step::Done;
  }
  // It would show the client what intermediaries add to its request (RFC 9110 section 9.3.8).
  if (request.method == Method::Trace) {
    answer_refusal(exchange_, 405, "TRACE is not allowed", kAllow);
    return Step::Done;
  }
  return Step::Limit;
}

// By how many the request may be passed on, where it says so.
std::optional<std::uint64_t> AvatarRequest::forwards_left() const {
  const auto left = exchange_.request().fields.single(FieldName::MaxForwards);
  return left ? try_unsigned(*left) : std::nullopt;
}

// Before the lookup, so that too much of anything costs the cache nothing.
AvatarRequest::Step AvatarRequest::limit() {
  const ServingOptions& options = *services_.options;
  const auto refusal = services_.rates.refusal(options.rates, exchange_, target_.path, options.routes,
                                               services_.loop.now(), services_.metrics);
  if (refusal) {
    answer_too_often(exchange_, *refusal);
    return Step::Done;
  }
  const Method method = exchange_.request().method;
  if (services_.overload.sheds_hits() && (method == Method::Get || method == Method::Head))
    return shed(metrics::Limit::OverloadHits);
  return Step::Verify;
}

// Not one word to the origin, so nothing can have changed and nothing is fenced.
AvatarRequest::Step AvatarRequest::shed(metrics::Limit limit) {
  services_.metrics.limit_reached(limit);
  answer_overload(exchange_);
  return Step::Done;
}

// From here on the URL is the same for all who were given it.
AvatarRequest::Step AvatarRequest::verify() {
  const SignedUrls& urls = services_.options->signed_urls;
  if (!urls.covers(target_.path, avatar_scratch_) || exchange_.request().method == Method::Purge) return Step::Route;
  const SignatureVerdict verdict = urls.verify(target_.path_and_query, services_.loop.wall());
  services_.metrics.signatures[verdict.end].add();
  if (verdict.end != metrics::SignatureEnd::Good) {
    answer_bad_signature(exchange_, verdict.end);
    return Step::Done;
  }
  target_.path_and_query = verdict.target;
  return Step::Route;
}

AvatarRequest::Step AvatarRequest::route() {
  const http::RequestHead& request = exchange_.request();
  const Routes& routes = services_.options->routes;
  const RouteMatch match = routes.avatar_of(target_.path, avatar_scratch_);
  key_.emplace(match.avatar, target_.path_and_query);
  if (match.route) route_ = static_cast<std::size_t>(match.route - routes.routes().data());
  if (request.method == Method::Purge) return Step::Purge;
  if (request.method != Method::Get && request.method != Method::Head) return pass_because(ForwardReason::Method, {});
  if (exchange_.has_body()) return pass_because(ForwardReason::Bypass, "request-body");
  limits_ = http::use_limits(request.fields, services_.options->caching.request_directives);
  // RFC 9111 section 3.5: what one client's credentials bring is for others only where the origin says so.
  if (request.fields.has(FieldName::Authorization)) fill_ = cache::Question::Fill::Alone;
  if (limits_.only_if_cached || limits_.no_store) fill_ = cache::Question::Fill::None;
  reduce_accept();
  return Step::Lookup;
}

AvatarRequest::Step AvatarRequest::look_up() {
  ++lookups_;
  waiter_ = services_.waiters.next_id();
  auto found = services_.cache.look_up(*key_, {fields(), limits_, fill_, arrived_}, services_.loop.now(), waiter_);
  return std::visit(
      Overloaded{[this](cache::Hit& hit) { return answer_hit(hit); },
                 [this](cache::StaleHit& hit) { return answer_stale(std::move(hit)); },
                 [this](cache::Uncacheable&) { return pass_because(ForwardReason::Bypass, "known-uncacheable"); },
                 [this](cache::Lead& first) { return lead(std::move(first)); },
                 [this](cache::Joined& joined) { return join(std::move(joined)); },
                 [this](cache::TooManyWaiters&) {
                   services_.metrics.limit_reached(metrics::Limit::WaitersPerFill);
                   answer_refusal(exchange_, 503, "too many requests wait for this avatar");
                   return Step::Done;
                 },
                 [this](cache::Absent& absent) { return answer_absent(absent.why); }},
      found);
}

// The origin is to answer by what the configuration names, and nothing else of Accept is to make variants.
void AvatarRequest::reduce_accept() {
  const auto& types = services_.options->caching.accept_types;
  if (types.empty()) return;
  const http::Fields& asked = exchange_.request().fields;
  reduced_accept_ = http::reduced_accept(asked.combined("accept"), types);
  reduced_fields_.emplace();
  for (const http::Field& field : asked)
    if (!equals_ignoring_case(field.name, "accept")) reduced_fields_->add(field);
  reduced_fields_->add("accept", reduced_accept_);
}

AvatarRequest::Step AvatarRequest::answer_hit(const cache::Hit& hit) {
  const Instant now = services_.loop.now();
  exchange_.set_outcome(metrics::Outcome::Hit);
  answer(hit.response, {.is_hit = true, .ttl = std::chrono::floor<std::chrono::seconds>(hit.usable_until - now)});
  return Step::Done;
}

AvatarRequest::Step AvatarRequest::answer_stale(cache::StaleHit hit) {
  // Begun first: the answer may end the exchange, and with it the request's fields.
  if (hit.refresh)
    services_.fills.start({std::move(*hit.refresh), std::nullopt, hit.response, hit.usable_until, fill_request_lines(),
                           identity_lines(exchange_), std::string(key_->avatar), route_});
  const Instant now = services_.loop.now();
  const std::string_view why = hit.by_request ? "max-stale" : "stale-while-revalidate";
  exchange_.set_outcome(metrics::Outcome::Stale, why);
  answer(hit.response,
         {.is_hit = true, .ttl = std::chrono::floor<std::chrono::seconds>(hit.usable_until - now), .detail = why});
  return Step::Done;
}

AvatarRequest::Step AvatarRequest::answer_absent(ForwardReason why) {
  if (!limits_.only_if_cached)
    return pass_because(why == ForwardReason::Stale ? why : ForwardReason::Request, "no-store");
  answer_refusal(exchange_, 504, "only-if-cached, and nothing is held that would do");
  return Step::Done;
}

AvatarRequest::Step AvatarRequest::lead(cache::Lead first) {
  services_.fills.start({std::move(first.permit), waiter_, std::move(first.stale), first.stale_usable_until,
                         fill_request_lines(), identity_lines(exchange_), std::string(key_->avatar), route_,
                         fill_ == cache::Question::Fill::Shared, may_use_tier(first)});
  return wait(first.why, first.is_for_trust, true);
}

// Without a lease, and for who wants it from the origin, only the origin will do.
bool AvatarRequest::may_use_tier(const cache::Lead& first) const {
  return fill_ == cache::Question::Fill::Shared && !first.is_for_trust && !wants_it_fresher();
}

bool AvatarRequest::wants_it_fresher() const {
  return limits_.revalidate || limits_.age_max || limits_.fresh_for_min.count() > 0;
}

// The fill is for everybody: whole, and without the conditions of one client. Its cache directives go along, as they
// must (RFC 9111 section 5.2).
std::string AvatarRequest::fill_request_lines() const {
  std::string lines;
  http::append_end_to_end_lines(lines, fields(),
                                {FieldName::Host, FieldName::ContentLength, FieldName::Expect, FieldName::Forwarded,
                                 FieldName::XForwardedFor, FieldName::Range, FieldName::IfRange, FieldName::IfMatch,
                                 FieldName::IfNoneMatch, FieldName::IfModifiedSince, FieldName::IfUnmodifiedSince});
  append_via(lines, exchange_.request());
  return lines;
}

AvatarRequest::Step AvatarRequest::wait(ForwardReason why, bool is_for_trust, bool leads) {
  why_ = why;
  is_for_trust_ = is_for_trust;
  if (!arrived_) arrived_ = services_.loop.clock().now();
  leads_ = leads;
  wait_on();
  return Step::Suspended;
}

AvatarRequest::Step AvatarRequest::join(cache::Joined joined) {
  wait(joined.why, joined.is_for_trust, false);
  // As to those who have waited before, so that no answer breaks off before it has begun.
  if (joined.arrival) services_.directory.tell({waiter_}, Arriving{std::move(joined.arrival)});
  return Step::Suspended;
}

void AvatarRequest::on_fill(const FillOutcome& outcome) {
  waits_ = false;
  std::visit(
      Overloaded{[this](const Arriving& arriving) { arrival_ ? send_arrived() : answer_arriving(arriving.arrival); },
                 [this](const Filled& filled) { answer_filled(filled); },
                 [this](const NotShared&) { run(pass_because(why_, "not-shared")); },
                 [this](const LookAgain&) { look_again(); },
                 [this](const FillFailed& failed) {
                   if (failed.error == http::ProxyError::ProxyInternalResponse) return answer_overload(exchange_);
                   answer_origin_error(exchange_, failed.error, failed.detail, why_, failed.retry_after);
                 }},
      outcome);
}

// Who asked for parts of it, and who gets another variant, wait for the whole; and where it is broken already, for what
// is said of that. All are told of the fill's end too; whoever answers from the arrival hears nothing under that
// number.
void AvatarRequest::answer_arriving(const Ref<cache::Arrival>& arrival) {
  const http::RequestHead& request = exchange_.request();
  const cache::Arrival::About& about = arrival->about();
  if (request.fields.has(FieldName::Range) ||
      !http::is_selected(about.head->selecting(), fields(), about.head->fields()))
    return wait_on();
  const cache::Arrival::Part first = arrival->read(0, waiter_);
  if (first.broken || first.bytes.empty()) return wait_on();
  services_.metrics.answers_begun_early.add();
  const bool is_head = request.method == Method::Head;
  StoredAnswer answer{.status = filled_status(about.head->status()),
                      .now = services_.loop.now(),
                      .wall = services_.loop.wall(),
                      .own_lines = leads_ ? about.leader_lines.get() : nullptr};
  if (about.is_behind) answer.status.detail = kBehindUpdate;
  if (!start_stored(exchange_, about.head, about.length, answer)) return;
  if (is_head) return exchange_.finish();
  arrival_ = arrival;
  reader_ = services_.waiters.next_id();
  send_arrived();
}

void AvatarRequest::send_arrived() {
  while (!exchange_.is_congested()) {
    const cache::Arrival::Part part = arrival_->read(arrived_sent_, reader_);
    if (part.broken) {
      arrival_ = nullptr;
      return answer_origin_error(exchange_, *part.broken, http::to_text(*part.broken), why_);
    }
    if (part.bytes.empty()) return wait_on();
    arrived_sent_ += part.bytes.size();
    exchange_.write(part.bytes, arrival_->about().owner);
    if (arrived_sent_ < arrival_->about().length) continue;
    arrival_ = nullptr;
    return exchange_.finish();
  }
}

void AvatarRequest::wait_on() {
  waits_ = true;
  services_.waiters.add(arrival_ ? reader_ : waiter_, *this);
}

// What is said of a response that the origin has just given; counted as well.
http::CacheStatus AvatarRequest::filled_status(std::optional<std::uint16_t> forward_status) {
  exchange_.set_outcome(!leads_                 ? metrics::Outcome::Collapsed
                        : forward_status == 304 ? metrics::Outcome::Revalidated
                                                : metrics::Outcome::Miss);
  http::CacheStatus status{.forwarded = why_, .forward_status = forward_status, .is_collapsed = !leads_};
  if (is_for_trust_) {
    status.detail = "no-lease";
    services_.metrics.answers_revalidated_for_lease.add();
  }
  return status;
}

void AvatarRequest::answer_filled(const Filled& filled) {
  // Chosen for another by Vary: not what this client would get. Its own may be held or being asked for by now.
  if (!http::is_selected(filled.response->selecting(), fields(), filled.response->fields())) {
    limits_.revalidate = false;
    why_ = ForwardReason::VaryMiss;
    return look_again();
  }
  const Instant now = services_.loop.now();
  const auto ttl = std::chrono::floor<std::chrono::seconds>(filled.usable_until - now);
  if (filled.is_stand_in) {
    exchange_.set_outcome(metrics::Outcome::Stale, kStaleIfError);
    // RFC 9211 section 2.1: a hit only where nobody was there to answer.
    return answer(filled.response, {.is_hit = !filled.forward_status,
                                    .forwarded = filled.forward_status ? why_ : ForwardReason::None,
                                    .forward_status = filled.forward_status,
                                    .ttl = ttl,
                                    .is_collapsed = filled.forward_status && !leads_,
                                    .detail = kStaleIfError});
  }
  if (filled.is_from_tier) {
    // It may be older than this client accepts; what is held now is judged by that.
    if (wants_it_fresher()) return look_again();
    exchange_.set_outcome(leads_ ? metrics::Outcome::Tier : metrics::Outcome::Collapsed);
    return answer(filled.response, {.is_hit = true, .ttl = ttl, .is_collapsed = !leads_, .detail = "tier2"});
  }
  http::CacheStatus status = filled_status(filled.forward_status);
  status.is_stored = filled.is_stored;
  if (filled.is_stored) status.ttl = ttl;
  if (filled.verdict == cache::StoreVerdict::BelowFloor) status.detail = kBehindUpdate;
  if (filled.verdict == cache::StoreVerdict::Voided) status.detail = "voided";
  answer(filled.response, status, leads_ ? filled.leader_lines.get() : nullptr);
}

void AvatarRequest::look_again() { run(lookups_ < kLookupsMax ? Step::Lookup : pass_because(why_, {})); }

void AvatarRequest::answer(const Ref<const cache::StoredResponse>& response, const http::CacheStatus& status,
                           const std::string* own_lines) {
  answer_stored(exchange_, response,
                {.status = status,
                 .now = services_.loop.now(),
                 .wall = services_.loop.wall(),
                 .range_parts_max = services_.options->caching.range_parts_max,
                 .is_held = status.detail == kStaleIfError,
                 .own_lines = own_lines});
}

void AvatarRequest::take_stream(std::unique_ptr<origin::Fetch> fetch, const http::ResponseHead& head,
                                std::string_view why) {
  waits_ = false;
  pass_ = std::make_unique<Pass>(services_, exchange_,
                                 PassPlan{.avatar = std::string(key_->avatar), .reason = why_, .detail = why});
  pass_->adopt(std::move(fetch), head);
}

AvatarRequest::Step AvatarRequest::pass_because(ForwardReason reason, std::string_view detail) {
  pass_reason_ = reason;
  pass_detail_ = detail;
  return Step::Pass;
}

AvatarRequest::Step AvatarRequest::pass() {
  if (services_.maintenance.is_on()) {
    const http::ProxyError error = http::ProxyError::DestinationUnavailable;
    answer_origin_error(exchange_, error, "the origin is being worked on", pass_reason_,
                        services_.options->maintenance_retry_after);
    return Step::Done;
  }
  if (services_.overload.sheds_fills()) return shed(metrics::Limit::OverloadPasses);
  const http::RequestHead& request = exchange_.request();
  origin::FetchRequest fetch{.method = std::string(request.method_name),
                             .target = std::string(target_.path_and_query),
                             .has_body = exchange_.has_body(),
                             .body_length = exchange_.body_length()};
  http::append_end_to_end_lines(fetch.field_lines, fields(),
                                {FieldName::Host, FieldName::ContentLength, FieldName::Expect, FieldName::Forwarded,
                                 FieldName::MaxForwards, FieldName::XForwardedFor});
  if (const auto left = forwards_left(); left && *left > 0)
    fetch.field_lines.append("max-forwards: ").append(std::to_string(*left - 1)) += "\r\n";
  append_via(fetch.field_lines, request);
  // Whoever it is to us; what else the request said of that, anybody may have written.
  fetch.field_lines.append("x-forwarded-for: ").append(exchange_.client_address()) += "\r\n";
  use_identity(fetch.field_lines, identity_lines(exchange_));
  pass_ = std::make_unique<Pass>(services_, exchange_,
                                 PassPlan{.avatar = std::string(key_->avatar),
                                          .target = std::string(target_.path_and_query),
                                          .host = std::string(request.fields.value(FieldName::Host)),
                                          .is_unsafe = !http::is_safe(request.method),
                                          .is_delete = request.method == Method::Delete,
                                          .reason = pass_reason_,
                                          .detail = pass_detail_});
  pass_->start(std::move(fetch));
  return Step::Suspended;
}

void AvatarRequest::on_body(std::string_view piece) {
  if (pass_) pass_->send_body(piece);
}

void AvatarRequest::on_body_end() {
  if (pass_) pass_->end_body();
}

void AvatarRequest::on_writable() {
  if (pass_) pass_->on_client_writable();
  if (arrival_ && !waits_) send_arrived();
}

}  // namespace edge::serving
