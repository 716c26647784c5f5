#include "origin/origin.h"

#include <algorithm>

#include "base/check.h"
#include "event/timer.h"
#include "origin/balancer.h"
#include "origin/call.h"
#include "origin/request_check.h"

namespace edge::origin {
namespace {

// Deadlines are looked at together, and not more often than this.
constexpr std::chrono::milliseconds kDeadlineGrain{5};

CurlOptions curl_options(const OriginOptions& options) {
  return {.idle_timeout = options.idle_timeout,
          .connections_max = options.concurrent_max,
          .ca_file = options.ca_file,
          .verify_tls = options.verify_tls};
}

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
        balancer_(parse_urls(options.urls)),
        multi_(loop, curl_options(options), metrics),
        deadlines_(loop, [this] { expire_calls(); }) {}
  ~CurlOrigin() { EDGE_CHECK(running_.empty() && queued_.empty() && ended_.empty()); }

  std::unique_ptr<Fetch> start(FetchRequest request, FetchObserver& observer) override;
  void reload(const OriginOptions& options) override;

 private:
  OriginUrlRef find_next_url(std::span<const OriginUrlRef> tried) override {
    return balancer_.find_next(loop_.now(), tried);
  }
  void eject(const OriginUrlRef& url) override { balancer_.eject(url, loop_.now(), options_.eject); }
  void readmit(const OriginUrlRef& url) override { balancer_.readmit(url); }
  void on_call_ended(Call& call) override;
  void on_call_abandoned(Call& call) override;

  Call& take_spare_call();
  void launch_queued();
  void move_to(Call::List& list, Call& call);
  void expire_calls();
  void expire_by(Instant deadline);

  event::EventLoop& loop_;
  OriginOptions options_;
  metrics::WorkerMetrics& metrics_;
  Balancer balancer_;
  CurlMulti multi_;
  // Every call is in one of these.
  Call::List running_;
  Call::List queued_;  // In the order in which they came.
  Call::List ended_;   // Their handles still live.
  Call::List spare_;
  Instant next_deadline_ = Instant::max();  // When deadlines_ fires.
  event::Timer deadlines_;
};

std::unique_ptr<Fetch> CurlOrigin::start(FetchRequest request, FetchObserver& observer) {
  EDGE_CHECK(loop_.is_current());
  Call& call = take_spare_call();
  const auto checked = check_request(request);
  const Instant now = loop_.now();
  call.begin(std::move(request), observer,
             {.first_byte_deadline = now + options_.first_byte_timeout,
              .total_deadline = now + options_.total_timeout,
              .connect_timeout = options_.connect_timeout,
              .collect_bytes_max = options_.collect_bytes_max});
  if (!checked) {
    move_to(ended_, call);
    call.refuse(http::ProxyError::HttpRequestError, checked.error().message);
  } else if (running_.size() < options_.concurrent_max) {
    move_to(running_, call);
    call.launch();
    expire_by(call.deadline());
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
  if (options.urls != options_.urls) balancer_ = Balancer(parse_urls(options.urls));
  options_ = options;
  multi_.reload(curl_options(options));
  launch_queued();
}

void CurlOrigin::on_call_ended(Call& call) {
  move_to(ended_, call);
  launch_queued();
}

void CurlOrigin::on_call_abandoned(Call& call) {
  move_to(spare_, call);
  if (spare_.size() > options_.concurrent_max) spare_.pop_front();
}

void CurlOrigin::launch_queued() {
  while (!queued_.empty() && running_.size() < options_.concurrent_max) {
    Call& call = queued_.front();
    move_to(running_, call);
    call.launch();
    expire_by(call.deadline());
  }
}

Call& CurlOrigin::take_spare_call() {
  if (spare_.empty()) {
    Call& call = spare_.emplace_back(loop_, multi_, metrics_, static_cast<CallOwner&>(*this));
    call.list = &spare_;
    call.position = std::prev(spare_.end());
  }
  return spare_.back();
}

void CurlOrigin::move_to(Call::List& list, Call& call) {
  list.splice(list.end(), *call.list, call.position);
  call.list = &list;
}

// A deadline only ever moves away from a call (it connects, its head comes), so the timer that was set for the first
// one may come too early, never too late.
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
