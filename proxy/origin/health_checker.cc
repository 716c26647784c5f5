#include "origin/health_checker.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/log.h"
#include "event/timer.h"
#include "origin/verdict.h"

namespace edge::origin {
namespace {

// Nobody writes so much about his health. What is more is not waited for.
constexpr std::size_t kBodyBytesMax = 64 * 1024;

OriginOptions check_options(const OriginOptions& options, const std::string& url) {
  OriginOptions one;
  one.urls = {url};
  one.connect_timeout = one.first_byte_timeout = one.total_timeout = options.health.timeout;
  one.eject = std::chrono::milliseconds{0};
  one.breaker.failed_percent = 0;
  one.retries = {.percent = 0, .per_second_min = 0};
  one.idle_timeout = std::chrono::milliseconds{1};  // The next check has a new one.
  one.dns_ttl = options.dns_ttl;
  one.concurrent_max = 1;
  one.http2 = false;
  one.ca_file = options.ca_file;
  one.verify_tls = options.verify_tls;
  return one;
}

metrics::HealthCheckEnd end_of_error(http::ProxyError error) {
  if (error == http::ProxyError::ConnectionTimeout || error == http::ProxyError::HttpResponseTimeout ||
      error == http::ProxyError::ConnectionReadTimeout)
    return metrics::HealthCheckEnd::Timeout;
  return judge_error(error) == Verdict::Unreachable ? metrics::HealthCheckEnd::Unreachable
                                                    : metrics::HealthCheckEnd::Broken;
}

}  // namespace

// One URL: what is thought of it, and the check that is due or under way.
class HealthChecker::CheckedUrl final : public FetchObserver {
 public:
  CheckedUrl(HealthChecker& checker, const OriginOptions& options, const std::string& text)
      : text_(text),
        url_(*parse_origin_url(text)),
        checker_(checker),
        origin_(make_origin(checker.loop_, check_options(options, text), uncounted_)),
        next_(checker.loop_, [this] { begin(); }) {}
  ~CheckedUrl() {
    if (!health_.is_healthy()) checker_.metrics_.origin_urls_unhealthy.subtract();
  }

  const std::string& text() const { return text_; }
  const OriginUrl& url() const { return url_; }
  bool is_healthy() const { return health_.is_healthy(); }

  void begin_after(std::chrono::milliseconds wait) { next_.arm(wait); }
  void reload(const OriginOptions& options) { origin_->reload(check_options(options, text_)); }

 private:
  void begin() {
    next_.arm(checker_.options_.interval);
    if (fetch_) return;  // Before a reload it was given longer than it has now.
    status_ = 0;
    body_bytes_ = 0;
    fetch_ = origin_->start(
        {.method = "GET", .target = checker_.options_.path, .field_lines = "user-agent: avatar-edge health\r\n"},
        *this);
  }

  BodyMode on_head(const http::ResponseHead& head) override {
    status_ = head.status;
    return BodyMode::Stream;
  }
  void on_body(std::string_view piece) override {
    body_bytes_ += piece.size();
    if (body_bytes_ > kBodyBytesMax) judge_status();
  }
  BodyMode on_collect_overflow() override { EDGE_CHECK(false); }
  void on_end() override { judge_status(); }
  void on_error(const FetchError& error) override { conclude(end_of_error(error.error), error.detail); }

  void judge_status() {
    const bool is_good = status_ >= checker_.options_.status_min && status_ <= checker_.options_.status_max;
    conclude(is_good ? metrics::HealthCheckEnd::Good : metrics::HealthCheckEnd::Status,
             url_.authority + ": status " + std::to_string(status_));
  }

  void conclude(metrics::HealthCheckEnd end, std::string detail) {
    fetch_.reset();
    checker_.metrics_.origin_checks[end].add();
    if (!health_.note(end == metrics::HealthCheckEnd::Good, checker_.options_)) return;
    if (health_.is_healthy()) {
      checker_.metrics_.origin_urls_unhealthy.subtract();
      log_info("origin.health", text_ + " is healthy again");
    } else {
      checker_.metrics_.origin_urls_unhealthy.add();
      log_warning("origin.health", text_ + " is unhealthy: " + std::to_string(checker_.options_.failures) +
                                       " checks in a row have failed; " + detail);
    }
    checker_.tell();
  }

  const std::string text_;
  const OriginUrl url_;
  HealthChecker& checker_;
  metrics::WorkerMetrics uncounted_;  // What counts is the check.
  UrlHealth health_;
  std::uint16_t status_ = 0;
  std::size_t body_bytes_ = 0;
  std::unique_ptr<Origin> origin_;
  event::Timer next_;
  std::unique_ptr<Fetch> fetch_;  // Last member, so first to go. Null between checks.
};

HealthChecker::HealthChecker(event::EventLoop& loop, const OriginOptions& options, std::uint32_t seed,
                             metrics::WorkerMetrics& metrics, OnChange on_change)
    : loop_(loop), random_(seed), metrics_(metrics), on_change_(std::move(on_change)) {
  reload(options);
}

HealthChecker::~HealthChecker() = default;

void HealthChecker::reload(const OriginOptions& options) {
  EDGE_CHECK(loop_.is_current());
  const bool is_other_pace = options.health.interval != options_.interval;
  options_ = options.health;
  std::vector<std::unique_ptr<CheckedUrl>> urls;
  for (const std::string& text : options.urls) {
    if (options_.path.empty()) break;
    const auto known = std::ranges::find_if(urls_, [&](const auto& url) { return url && url->text() == text; });
    if (known != urls_.end()) {
      urls.push_back(std::move(*known));
      urls.back()->reload(options);
      if (!is_other_pace) continue;
    } else {
      urls.push_back(std::make_unique<CheckedUrl>(*this, options, text));
    }
    urls.back()->begin_after(first_wait());
  }
  urls_ = std::move(urls);
  tell();
}

std::vector<std::string> HealthChecker::unhealthy() const {
  std::vector<std::string> texts;
  for (const auto& url : urls_)
    if (!url->is_healthy()) texts.push_back(url->text());
  return texts;
}

void HealthChecker::tell() {
  auto unhealthy = std::make_shared<UnhealthyUrls>();
  for (const auto& url : urls_)
    if (!url->is_healthy()) unhealthy->push_back(url->url());
  on_change_(std::move(unhealthy));
}

std::chrono::milliseconds HealthChecker::first_wait() {
  return std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{0, options_.interval.count()}(random_)};
}

}  // namespace edge::origin
