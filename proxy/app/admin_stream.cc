#include "app/admin_stream.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "app/admin_client.h"
#include "base/units.h"
#include "event/timer.h"
#include "metrics/worker_metrics.h"

namespace edge::app {
namespace {

// The silence ends it, and nothing else of the time.
constexpr std::chrono::hours kForever{24 * 365};

// Of an answer that is an error, and of a line; the edge's are shorter.
constexpr std::size_t kLineBytesMax = 1 << 20;

class Follower final : public origin::FetchObserver {
 public:
  Follower(event::EventLoop& loop, std::chrono::milliseconds silence,
           const std::function<bool(std::string_view)>& on_line)
      : loop_(loop), silence_(silence), on_line_(on_line), too_silent_(loop, [this] { on_silence(); }) {}

  Status follow(origin::Origin& origin, origin::FetchRequest request) {
    too_silent_.arm(silence_);
    fetch_ = origin.start(std::move(request), *this);
    loop_.run();
    fetch_.reset();
    return std::move(end_);
  }

  origin::BodyMode on_head(const http::ResponseHead& head) override {
    status_ = head.status;
    return origin::BodyMode::Stream;
  }
  void on_body(std::string_view piece) override {
    too_silent_.arm(silence_);
    text_ += piece;
    if (status_ != 200) return;
    std::size_t begin = 0;
    for (std::size_t end; (end = text_.find('\n', begin)) != std::string::npos; begin = end + 1)
      if (!on_line_(std::string_view(text_).substr(begin, end - begin))) return finish({});
    text_.erase(0, begin);
    if (text_.size() > kLineBytesMax) finish(fail(ErrorCode::TooLarge, "the edge sends a line that does not end"));
  }
  origin::BodyMode on_collect_overflow() override { return origin::BodyMode::Stream; }
  void on_end() override { finish(status_ == 200 ? Status{} : Status{refusal()}); }
  void on_error(const origin::FetchError& error) override { finish(fail(ErrorCode::Unavailable, error.detail)); }

 private:
  void on_silence() { finish(fail(ErrorCode::Unavailable, "nothing has come for " + format_duration(silence_))); }

  void finish(Status end) {
    end_ = std::move(end);
    too_silent_.disarm();
    fetch_.reset();
    loop_.stop();
  }

  Failure refusal() const {
    const auto said = nlohmann::json::parse(text_, nullptr, false);
    const bool is_error = said.is_object() && said.contains("error") && said["error"].is_string();
    return fail(ErrorCode::Malformed, is_error ? said["error"].get<std::string>()
                                               : "the edge answered " + std::to_string(status_) + ": " + text_);
  }

  event::EventLoop& loop_;
  const std::chrono::milliseconds silence_;
  const std::function<bool(std::string_view)>& on_line_;
  std::uint16_t status_ = 0;
  std::string text_;  // What has come behind the last whole line.
  Status end_;
  event::Timer too_silent_;
  std::unique_ptr<origin::Fetch> fetch_;  // Last member, so first to go.
};

}  // namespace

Status follow_admin(const AdminOptions& admin, std::string_view target, std::chrono::milliseconds silence,
                    const std::function<bool(std::string_view line)>& on_line) {
  const SystemClock clock;
  event::EventLoop loop(clock);
  metrics::WorkerMetrics metrics;
  origin::OriginOptions options = admin_origin(admin, silence);
  options.total_timeout = kForever;
  const auto origin = origin::make_origin(loop, options, metrics);
  Follower follower(loop, silence, on_line);
  Status followed = follower.follow(*origin, admin_request(admin, "GET", target));
  if (followed || followed.error().code != ErrorCode::Unavailable) return followed;
  return fail(ErrorCode::Unavailable, "the admin port (" + admin.address + "): " + followed.error().message);
}

}  // namespace edge::app
