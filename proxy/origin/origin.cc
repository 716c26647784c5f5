#include "origin/origin.h"

#include <algorithm>
#include <random>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "event/timer.h"
#include "origin/balancer.h"
#include "origin/call.h"
#include "origin/curl_multi.h"
#include "origin/failed_targets.h"
#include "origin/http1_carrier.h"
#include "origin/request_check.h"

namespace edge::origin {
namespace {

// Deadlines are looked at together, and not more often than this.
constexpr std::chrono::milliseconds kDeadlineGrain{5};

// Requests that share a connection, at most: as many as libcurl believes that any host allows, and hosts should (RFC
// 9113 section 6.5.2). What is more must go elsewhere, or libcurl would open a connection for each.
constexpr std::size_t kSharersMax = 100;

CurlOptions curl_options(const OriginOptions& options, bool shares_connections) {
  return {.idle_timeout = options.idle_timeout,
          .age_max = options.connection_age_max,
          .dns_ttl = options.dns_ttl,
          .connections_max = options.concurrent_max,
          .shares_connections = shares_connections,
          .ca_file = options.ca_file,
          .verify_tls = options.verify_tls,
          .client_certificate_file = options.client_certificate_file,
          .client_key_file = options.client_key_file,
          .connect_to = options.connect_to};
}

BalancerOptions balancer_options(const OriginOptions& options) {
  return {.eject = options.eject,
          .eject_max = std::max(options.eject, options.outlier.eject_max),
          .failures_max = options.outlier.failures_max,
          .ejected_percent_max = options.outlier.ejected_percent_max,
          .slow_start = options.slow_start};
}

// What a query adds does not count: whoever makes queries up could fail as often as he likes.
std::uint64_t hash_of_path(std::string_view target) { return keyed_hash(target.substr(0, target.find('?'))); }

std::vector<OriginUrlRef> parse_urls(const std::vector<std::string>& urls) {
  std::vector<OriginUrlRef> parsed;
  for (const std::string& url : urls) parsed.push_back(std::make_shared<const OriginUrl>(*parse_origin_url(url)));
  return parsed;
}

// What the caller of start() holds; all it does is to name the call.
class Handle final : public Fetch {
 public:
  explicit Handle(Call& call) : call_(call) {}
  ~Handle() override { call_.abandon(); }

  void set_observer(FetchObserver& observer) override { call_.set_observer(observer); }
  void pause() override { call_.pause(); }
  void resume() override { call_.resume(); }
  Bytes take_body() override { return call_.take_body(); }
  void send_body(std::string_view piece) override { call_.send_body(piece); }
  void end_body() override { call_.end_body(); }
  bool is_upload_congested() const override { return call_.is_upload_congested(); }

 private:
  Call& call_;
};

class CurlOrigin final : public Origin, private CallOwner {
 public:
  CurlOrigin(event::EventLoop& loop, const OriginOptions& options, metrics::WorkerMetrics& metrics)
      : loop_(loop),
        options_(options),
        metrics_(metrics),
        balancer_(parse_urls(options.urls), options.weights, balancer_options(options), metrics),
        breaker_(options.breaker, std::random_device{}(), metrics),
        retries_(options.retries),
        alone_(loop, curl_options(options, false), metrics),
        http1_(loop, alone_, curl_options(options, false), metrics),
        deadlines_(loop, [this] { expire_calls(); }),
        breaker_tick_(loop, [this] { tick_breaker(); }) {}
  ~CurlOrigin() { EDGE_CHECK(running_.empty() && queued_.empty() && ended_.empty()); }

  std::unique_ptr<Fetch> start(FetchRequest request, FetchObserver& observer) override;
  void reload(const OriginOptions& options) override;
  void set_unhealthy(std::span<const OriginUrl> urls) override { balancer_.set_unhealthy(urls, loop_.now()); }

 private:
  Carrier& carrier_for(const OriginUrlRef& url, bool is_plain_get, bool shares) override;
  void distrust(Carrier& carrier) override;
  void expire_by(Instant deadline) override;
  OriginUrlRef find_first_url() override { return balancer_.find_next(loop_.now(), {}); }
  OriginUrlRef find_other_url(std::span<const OriginUrlRef> tried, metrics::OriginRetry why) override;
  OriginUrlRef find_hedge_url(std::span<const OriginUrlRef> tried) override;
  void give_back_hedge_place() override;
  bool may_ask_alone(bool is_due) override;
  void note_attempt(const Attempt& attempt, std::string_view target, Verdict verdict) override;
  void note_overtaken(const Attempt& attempt) override;
  void note_fetch(Call& call, Verdict verdict) override;
  void on_call_ended(Call& call) override;
  void on_call_abandoned(Call& call) override;

  Call& take_spare_call();
  bool has_place() const { return running_.size() + hedges_ < options_.concurrent_max; }
  bool try_launch(Call& call);
  void launch_queued();
  void refuse_queued();
  void refuse_by_breaker(Call& call);
  void tick_breaker();
  void await_breaker();
  void free_distrusted();
  void move_to(Call::List& list, Call& call);
  void expire_calls();

  event::EventLoop& loop_;
  OriginOptions options_;
  metrics::WorkerMetrics& metrics_;
  Balancer balancer_;
  Breaker breaker_;
  RetryBudget retries_;
  FailedTargets failed_targets_;
  // libcurl mixes up what a host can do where some transfers want HTTP/1.1 and others HTTP/2, so they are kept apart.
  CurlMulti alone_;
  Http1Carrier http1_;
  std::vector<std::unique_ptr<CurlMulti>> shared_;      // A connection each, to most origins.
  std::vector<std::unique_ptr<CurlMulti>> distrusted_;  // Until what they carry is over.
  // Every call is in one of these.
  Call::List running_;
  Call::List queued_;  // In the order in which they came.
  Call::List ended_;   // Their handles still live.
  Call::List spare_;
  std::size_t hedges_ = 0;                  // Second attempts under way beside the first of a running call.
  Instant next_deadline_ = Instant::max();  // When deadlines_ fires.
  event::Timer deadlines_;
  event::Timer breaker_tick_;
};

std::unique_ptr<Fetch> CurlOrigin::start(FetchRequest request, FetchObserver& observer) {
  EDGE_CHECK(loop_.is_current());
  Call& call = take_spare_call();
  const auto checked = check_request(request);
  const Instant now = loop_.now();
  call.begin(std::move(request), observer,
             {.connect_timeout = options_.connect_timeout,
              .first_byte_timeout = options_.first_byte_timeout,
              .total_timeout = options_.total_timeout,
              .hedge_after = options_.hedge_after,
              .collect_bytes_max = options_.collect_bytes_max,
              .any_5xx_is_failure = options_.outlier.any_5xx});
  if (!checked) {
    move_to(ended_, call);
    call.refuse(http::ProxyError::HttpRequestError, checked.error().message);
  } else if (has_place()) {
    if (!try_launch(call)) refuse_by_breaker(call);
  } else if (breaker_.refuses(now)) {
    refuse_by_breaker(call);
  } else if (queued_.size() < options_.queue_max) {
    move_to(queued_, call);
    call.enqueue();
    expire_by(call.deadline());
  } else {
    metrics_.limit_reached(metrics::Limit::OriginQueue);
    move_to(ended_, call);
    call.refuse(http::ProxyError::ConnectionLimitReached, "too many requests wait for the origin");
  }
  return std::make_unique<Handle>(call);
}

void CurlOrigin::reload(const OriginOptions& options) {
  EDGE_CHECK(loop_.is_current());
  balancer_.reload(parse_urls(options.urls), options.weights, balancer_options(options));
  options_ = options;
  breaker_.reload(options.breaker);
  retries_.reload(options.retries);
  await_breaker();
  alone_.reload(curl_options(options, false));
  http1_.reload(curl_options(options, false));
  for (const auto& multi : shared_) multi->reload(curl_options(options, true));
  launch_queued();
}

// A body has a connection of its own, or an answer that comes before its end would leave the rest of it to the next;
// and so has what must not be sent twice (CurlTransfer::set_method).
Carrier& CurlOrigin::carrier_for(const OriginUrlRef& url, bool is_plain_get, bool shares) {
  if (!is_plain_get) return alone_;
  if (Http1Carrier::is_for(*url)) return http1_;
  if (!shares || !options_.http2 || !url->base.starts_with("https:")) return alone_;
  for (const auto& multi : shared_)
    if (multi->in_use() < kSharersMax) return *multi;
  return *shared_.emplace_back(std::make_unique<CurlMulti>(loop_, curl_options(options_, true), metrics_));
}

// libcurl cannot be told to leave a connection that others still use; so whoever comes gets new ones. A connection of
// HTTP/1.1 has ended with its request.
void CurlOrigin::distrust(Carrier& carrier) {
  const auto found = std::ranges::find(shared_, &carrier, &std::unique_ptr<CurlMulti>::get);
  if (found == shared_.end() || (*found)->has_met_http1()) return;
  distrusted_.push_back(std::move(*found));
  shared_.erase(found);
}

void CurlOrigin::free_distrusted() {
  for (auto& multi : distrusted_)
    if (multi->in_use() == 0) loop_.destroy_later(std::move(multi));
  std::erase(distrusted_, nullptr);
}

OriginUrlRef CurlOrigin::find_other_url(std::span<const OriginUrlRef> tried, metrics::OriginRetry why) {
  if (tried.size() >= balancer_.size()) return nullptr;
  const Instant now = loop_.now();
  // An answer, though a bad one or a late one, is better than what one that is out of order says later.
  if (why != metrics::OriginRetry::Unreachable && !balancer_.has_well(now, tried)) return nullptr;
  if (!retries_.try_spend(now)) {
    metrics_.origin_retries[metrics::OriginRetry::Refused].add();
    return nullptr;
  }
  OriginUrlRef url = balancer_.find_next(now, tried);
  if (url != nullptr) metrics_.origin_retries[why].add();
  return url;
}

// It is one more transfer for the origin to bear, so it needs a place as a fetch does. And nothing is doubled while the
// breaker probes.
OriginUrlRef CurlOrigin::find_hedge_url(std::span<const OriginUrlRef> tried) {
  if (!has_place() || breaker_.state() != Breaker::State::Closed) return nullptr;
  OriginUrlRef url = find_other_url(tried, metrics::OriginRetry::Hedged);
  if (url != nullptr) ++hedges_;
  return url;
}

void CurlOrigin::give_back_hedge_place() {
  EDGE_CHECK(hedges_ > 0);
  --hedges_;
  launch_queued();
}

bool CurlOrigin::may_ask_alone(bool is_due) {
  if (is_due) {
    retries_.spend(loop_.now());
  } else if (!retries_.try_spend(loop_.now())) {
    metrics_.origin_retries[metrics::OriginRetry::Refused].add();
    return false;
  }
  metrics_.origin_retries[metrics::OriginRetry::Alone].add();
  return true;
}

void CurlOrigin::note_attempt(const Attempt& attempt, std::string_view target, Verdict verdict) {
  const Instant now = loop_.now();
  if (verdict == Verdict::BadStatus) {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15;  // So that target and URL do not cancel out.
    const std::uint64_t at_url = hash_of_path(target) ^ (keyed_hash(attempt.url()->base) * kOdd);
    if (!failed_targets_.note(at_url, now, options_.breaker.window)) return;
  }
  balancer_.note(attempt.url(), verdict, attempt.begun_at(), now);
}

// A connection that others share may have gone silent; but as long as the URL is not left out, it was perhaps only
// slow.
void CurlOrigin::note_overtaken(const Attempt& attempt) {
  balancer_.note(attempt.url(), Verdict::Failed, attempt.begun_at(), loop_.now());
  if (balancer_.is_ejected(attempt.url())) distrust(attempt.carrier());
}

void CurlOrigin::note_fetch(Call& call, Verdict verdict) {
  if (!call.ticket) return;
  const Instant now = loop_.now();
  if (verdict == Verdict::Answered) {
    call.is_answered = true;
    breaker_.note_answer(*call.ticket, now);
  } else if (verdict == Verdict::BadStatus &&
             !failed_targets_.note(hash_of_path(call.target()), now, options_.breaker.window)) {
    // Not withdrawn either: a probe that says nothing new is the only one until the next wait is over, since the origin
    // may be as it was.
    call.ticket.reset();
  } else {
    breaker_.note_failure(*std::exchange(call.ticket, std::nullopt), now, call.is_answered);
  }
  await_breaker();
  if (!queued_.empty() && breaker_.state() == Breaker::State::Open) refuse_queued();
}

void CurlOrigin::on_call_ended(Call& call) {
  if (call.ticket && !call.is_answered) breaker_.withdraw(*call.ticket);
  call.ticket.reset();
  free_distrusted();
  move_to(ended_, call);
  launch_queued();
}

void CurlOrigin::on_call_abandoned(Call& call) {
  move_to(spare_, call);
  if (spare_.size() > options_.concurrent_max) spare_.pop_front();
}

void CurlOrigin::launch_queued() {
  while (!queued_.empty() && has_place()) {
    Call& call = queued_.front();
    if (!try_launch(call)) refuse_by_breaker(call);
  }
}

// False where the breaker is against it.
bool CurlOrigin::try_launch(Call& call) {
  call.ticket = breaker_.try_admit(loop_.now());
  if (!call.ticket) return false;
  await_breaker();
  retries_.note_fetch(loop_.now());
  move_to(running_, call);
  call.launch();
  expire_by(call.deadline());
  return true;
}

// They would wait for those before them to fail, and then hear the same.
void CurlOrigin::refuse_queued() {
  while (!queued_.empty()) refuse_by_breaker(queued_.front());
}

void CurlOrigin::refuse_by_breaker(Call& call) {
  metrics_.origin_breaker_refused.add();
  const auto wait = std::chrono::ceil<std::chrono::seconds>(breaker_.wait(loop_.now()));
  move_to(ended_, call);
  call.refuse(http::ProxyError::DestinationUnavailable,
              "the origin has failed too often; it is left alone for a moment",
              std::max(wait, std::chrono::seconds{1}));
}

void CurlOrigin::tick_breaker() {
  breaker_.tick(loop_.now());
  await_breaker();
}

void CurlOrigin::await_breaker() {
  const Instant due = breaker_.next_tick();
  if (due == Instant::max()) {
    if (breaker_tick_.is_armed()) breaker_tick_.disarm();
    return;
  }
  breaker_tick_.arm(std::max(std::chrono::ceil<std::chrono::milliseconds>(due - loop_.now()), kDeadlineGrain));
}

Call& CurlOrigin::take_spare_call() {
  if (spare_.empty()) {
    Call& call = spare_.emplace_back(loop_, alone_, metrics_, static_cast<CallOwner&>(*this));
    call.list = &spare_;
    call.position = std::prev(spare_.end());
  }
  return spare_.back();
}

void CurlOrigin::move_to(Call::List& list, Call& call) {
  list.splice(list.end(), *call.list, call.position);
  call.list = &list;
}

// A deadline only ever moves away from a call (it connects, its head comes), or the call says so, and so the timer that
// was set for the first one may come too early, never too late.
void CurlOrigin::expire_by(Instant deadline) {
  if (deadline >= next_deadline_) return;
  next_deadline_ = deadline;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(deadline - loop_.now());
  deadlines_.arm(std::max(wait, kDeadlineGrain));
}

void CurlOrigin::expire_calls() {
  next_deadline_ = Instant::max();
  Instant next = Instant::max();
  for (Call::List* list : {&running_, &queued_}) {
    for (auto it = list->begin(); it != list->end();) {
      Call& call = *it++;
      if (call.deadline() <= loop_.now()) call.expire();
      // It waits for its turn to fail, no longer for a place.
      if (list == &queued_ && call.state() == Call::State::Failing) move_to(ended_, call);
      next = std::min(next, call.deadline());
    }
  }
  expire_by(next);
}

}  // namespace

std::unique_ptr<Origin> make_origin(event::EventLoop& loop, const OriginOptions& options,
                                    metrics::WorkerMetrics& metrics) {
  return std::make_unique<CurlOrigin>(loop, options, metrics);
}

}  // namespace edge::origin
