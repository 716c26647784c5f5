#include "app/one_request.h"

#include <memory>
#include <optional>

#include "event/event_loop.h"
#include "metrics/worker_metrics.h"

namespace edge::app {
namespace {

// One question, from the first byte to the last.
class Question final : public origin::FetchObserver {
 public:
  Question(event::EventLoop& loop, origin::Origin& origin) : loop_(loop), origin_(origin) {}

  Result<OneAnswer> ask(origin::FetchRequest request, std::string_view body) {
    fetch_ = origin_.start(std::move(request), *this);
    if (!body.empty()) {
      fetch_->send_body(body);
      fetch_->end_body();
    }
    loop_.run();
    fetch_.reset();
    if (failure_) return std::move(*failure_);
    return std::move(answer_);
  }

  origin::BodyMode on_head(const http::ResponseHead& head) override {
    answer_.status = head.status;
    return origin::BodyMode::Stream;
  }
  void on_body(std::string_view piece) override { answer_.body += piece; }
  origin::BodyMode on_collect_overflow() override { return origin::BodyMode::Stream; }
  void on_end() override { loop_.stop(); }
  void on_error(const origin::FetchError& error) override {
    failure_ = fail(ErrorCode::Unavailable, error.detail);
    loop_.stop();
  }

 private:
  event::EventLoop& loop_;
  origin::Origin& origin_;
  OneAnswer answer_;
  std::optional<Failure> failure_;
  std::unique_ptr<origin::Fetch> fetch_;
};

}  // namespace

Result<OneAnswer> ask_once(const origin::OriginOptions& options, origin::FetchRequest request, std::string_view body) {
  const SystemClock clock;
  event::EventLoop loop(clock);
  metrics::WorkerMetrics metrics;
  const auto origin = origin::make_origin(loop, options, metrics);
  return Question(loop, *origin).ask(std::move(request), body);
}

}  // namespace edge::app
