// A loop, an Origin on it, and observers that write down what they hear.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/event_loop.h"
#include "event/timer.h"
#include "metrics/worker_metrics.h"
#include "origin/origin.h"
#include "support/catch.h"

namespace edge::test {

// The time that it is, and as much as the test says.
class AdvancedClock final : public Clock {
 public:
  Instant now() const override { return system_.now() + by_.load(); }
  WallTime wall() const override { return system_.wall(); }
  void advance(std::chrono::nanoseconds by) { by_ = by_.load() + by; }

 private:
  SystemClock system_;
  std::atomic<std::chrono::nanoseconds> by_{};
};

class TestWorker {
 public:
  explicit TestWorker(std::vector<std::string> urls) {
    options.urls = std::move(urls);
    options.connect_timeout = std::chrono::seconds{10};
    options.first_byte_timeout = std::chrono::seconds{10};
  }

  origin::Origin& origin() {
    if (!origin_) origin_ = origin::make_origin(loop, options, metrics);
    return *origin_;
  }
  void close() { origin_.reset(); }

  // Turns the loop until `is_done`, which is asked whenever something was heard.
  void run_until(std::function<bool()> is_done) {
    is_done_ = std::move(is_done);
    bool is_late = false;
    event::Timer patience(loop, [&] {
      is_late = true;
      loop.stop();
    });
    patience.arm(std::chrono::seconds{15});
    loop.post([this] { heard(); });
    loop.run();
    is_done_ = nullptr;
    REQUIRE_FALSE(is_late);
  }
  // Likewise, though nobody hears anything.
  void watch_until(std::function<bool()> is_so) {
    event::Timer look(loop, [&] {
      heard();
      look.arm(std::chrono::milliseconds{5});
    });
    look.arm(std::chrono::milliseconds{5});
    run_until(std::move(is_so));
  }
  void heard() {
    if (!is_done_ || !is_done_()) return;
    is_done_ = nullptr;  // A second stop() would be the next run's.
    loop.stop();
  }

  AdvancedClock clock;
  event::EventLoop loop{clock};
  metrics::WorkerMetrics metrics;
  origin::OriginOptions options;

 private:
  std::function<bool()> is_done_;
  std::unique_ptr<origin::Origin> origin_;
};

class TestFetch final : public origin::FetchObserver {
 public:
  explicit TestFetch(TestWorker& worker, origin::BodyMode mode = origin::BodyMode::Collect)
      : worker_(worker), mode_(mode) {}

  TestFetch& start(origin::FetchRequest request) {
    fetch = worker_.origin().start(std::move(request), *this);
    return *this;
  }
  TestFetch& get(std::string target) { return start({.target = std::move(target)}); }
  // Runs the loop until the end.
  void finish() {
    worker_.run_until([this] { return is_over(); });
  }
  bool is_over() const { return ends > 0 || error.has_value(); }

  std::unique_ptr<origin::Fetch> fetch;

  // What was heard.
  int status = 0;
  int interims = 0;
  int heads = 0;
  std::string fields;  // "name=value;" each.
  std::string body;
  std::size_t pieces = 0;
  int overflows = 0;
  int ends = 0;
  int drained = 0;
  std::optional<origin::FetchError> error;

  // What to do meanwhile.
  std::function<void()> when_head, when_body, when_overflow, when_end, when_error, when_drained;

 private:
  void on_interim(const http::ResponseHead&) override { ++interims; }
  origin::BodyMode on_head(const http::ResponseHead& head) override {
    ++heads;
    status = head.status;
    for (const auto& field : head.fields) fields += std::string(field.name) + "=" + std::string(field.value) + ";";
    return tell(when_head), mode_;
  }
  void on_body(std::string_view piece) override {
    body += piece;
    ++pieces;
    tell(when_body);
  }
  origin::BodyMode on_collect_overflow() override {
    ++overflows;
    return tell(when_overflow), origin::BodyMode::Stream;
  }
  void on_end() override {
    ++ends;
    if (fetch) body += fetch->take_body().view();
    tell(when_end);
  }
  void on_error(const origin::FetchError& what) override {
    error = what;
    tell(when_error);
  }
  void on_upload_drained() override {
    ++drained;
    tell(when_drained);
  }
  void tell(const std::function<void()>& hook) {
    if (hook) hook();
    worker_.heard();
  }

  TestWorker& worker_;
  origin::BodyMode mode_;
};

}  // namespace edge::test
