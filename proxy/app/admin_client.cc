#include "app/admin_client.h"

#include <memory>
#include <optional>

#include "event/event_loop.h"
#include "metrics/worker_metrics.h"
#include "net/address.h"
#include "origin/origin.h"

namespace edge::app {
namespace {

// One question, from the first byte to the last.
class Question final : public origin::FetchObserver {
 public:
  Question(event::EventLoop& loop, origin::Origin& origin) : loop_(loop), origin_(origin) {}

  Result<AdminAnswer> ask(origin::FetchRequest request, std::string_view body) {
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
    failure_ = fail(ErrorCode::Unavailable, "no answer from the admin port: " + error.detail);
    loop_.stop();
  }

 private:
  event::EventLoop& loop_;
  origin::Origin& origin_;
  AdminAnswer answer_;
  std::optional<Failure> failure_;
  std::unique_ptr<origin::Fetch> fetch_;
};

// Where somebody who listens on every address can be reached from here.
std::string reachable(const std::string& listening) {
  const std::size_t colon = listening.rfind(':');
  const std::string host = listening.substr(0, colon);
  if (host == "0.0.0.0") return "127.0.0.1" + listening.substr(colon);
  if (host == "[::]") return "[::1]" + listening.substr(colon);
  return listening;
}

}  // namespace

Result<AdminAnswer> ask_admin(const AdminOptions& admin, std::string_view method, std::string_view target,
                              std::string_view body) {
  const SystemClock clock;
  event::EventLoop loop(clock);
  metrics::WorkerMetrics metrics;
  origin::OriginOptions options;
  options.urls = {"http://" + reachable(admin.address)};
  options.total_timeout = options.first_byte_timeout;
  const auto origin = origin::make_origin(loop, options, metrics);
  origin::FetchRequest request{.method = std::string(method), .target = std::string(target)};
  if (!admin.token.empty()) request.field_lines = "authorization: Bearer " + admin.token + "\r\n";
  if (!body.empty()) {
    request.field_lines += "content-type: application/json\r\n";
    request.has_body = true;
    request.body_length = body.size();
  }
  return Question(loop, *origin).ask(std::move(request), body);
}

}  // namespace edge::app
