// A worker's serving on a thread of its own, before an origin that answers what the test says, when it says it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "http/fields.h"
#include "serving/rate_limiter.h"
#include "serving/serving.h"
#include "support/catch.h"
#include "unit/demo/fake_exchange.h"

namespace edge::serving {

using namespace std::chrono_literals;

struct OriginAnswer {
  std::uint16_t status = 200;
  std::string lines;
  std::string body{};
};

// Loop's thread only.
class ScriptedOrigin final : public origin::Origin {
 public:
  std::unique_ptr<origin::Fetch> start(origin::FetchRequest request, origin::FetchObserver& observer) override {
    auto fetch = std::make_unique<ScriptedFetch>(*this, observer);
    waiting_.push_back(fetch.get());
    requests.push_back(std::move(request));
    return fetch;
  }
  void reload(const origin::OriginOptions&) override {}
  void set_unhealthy(std::span<const origin::OriginUrl>) override {}

  bool is_asked() const { return !waiting_.empty(); }
  // Answers the request that has waited longest.
  void answer(const OriginAnswer& answer) {
    REQUIRE(is_asked());
    ScriptedFetch& fetch = *waiting_.front();
    waiting_.erase(waiting_.begin());
    const auto is_alive = fetch.is_alive;
    const http::ResponseHead head{.status = answer.status, .fields = http::parse_lines(answer.lines)};
    const origin::BodyMode mode = fetch.observer->on_head(head);
    if (!*is_alive) return;
    if (mode == origin::BodyMode::Collect) {
      fetch.body.append(answer.body);
    } else {
      fetch.observer->on_body(answer.body);
    }
    if (*is_alive) fetch.observer->on_end();
  }

  std::vector<origin::FetchRequest> requests;  // All that came.

 private:
  struct ScriptedFetch final : origin::Fetch {
    ScriptedFetch(ScriptedOrigin& of, origin::FetchObserver& told) : origin(of), observer(&told) {}
    ~ScriptedFetch() override {
      *is_alive = false;
      std::erase(origin.waiting_, this);
    }
    void set_observer(origin::FetchObserver& told) override { observer = &told; }
    void pause() override {}
    void resume() override {}
    Bytes take_body() override { return std::move(body); }
    void send_body(std::string_view) override {}
    void end_body() override {}
    bool is_upload_congested() const override { return false; }

    ScriptedOrigin& origin;
    origin::FetchObserver* observer;
    Bytes body;
    std::shared_ptr<bool> is_alive = std::make_shared<bool>(true);
  };

  std::vector<ScriptedFetch*> waiting_;
};

class ServingWorker {
 public:
  explicit ServingWorker(CachingPolicy caching = {}) : options_(make_options(std::move(caching))) {
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~ServingWorker() {
    call([this] {
      asked_.clear();
      serving_->shut_down();
    });
    call([this] { serving_.reset(); });
    loop_.stop();
    thread_.join();
  }

  // Runs on the worker's thread; returns when it has.
  void call(std::function<void()> task) {
    std::promise<void> done;
    loop_.post([&] {
      task();
      done.set_value();
    });
    done.get_future().get();
  }
  // The same without waiting; for what is to be held on its way.
  void post(std::function<void()> task) { loop_.post(std::move(task)); }

  // A request. Its exchange lives as long as the worker. On the worker's thread.
  demo::FakeExchange& get(std::string_view path) { return request("GET", path); }
  demo::FakeExchange& request(std::string_view method, std::string_view path) {
    asked_.push_back(std::make_unique<Asked>(loop_, method, path));
    asked_.back()->task = serving_->start(asked_.back()->exchange);
    return asked_.back()->exchange;
  }
  // A request whose answer is there, or for which the origin is being asked.
  struct Answer {
    bool is_answered;
    std::string body;
    std::string cache_status;
  };
  Answer ask(std::string_view path) {
    Answer answer;
    call([&] {
      const demo::FakeExchange& exchange = get(path);
      answer = {exchange.is_answered(), exchange.body(), exchange.field("cache-status")};
    });
    return answer;
  }
  // Waits until the exchange that was begun last is answered.
  Answer last_answer() {
    Answer answer{};
    wait_for([&] {
      const demo::FakeExchange& exchange = asked_.back()->exchange;
      answer = {exchange.is_answered(), exchange.body(), exchange.field("cache-status")};
      return answer.is_answered;
    });
    return answer;
  }
  // Until it is so, on the worker's thread; fails the test when it never is.
  void wait_for(const std::function<bool()>& is_so) {
    bool is = false;
    for (int looks = 0; !is && looks < 1'000'000; ++looks) call([&] { is = is_so(); });
    REQUIRE(is);
  }
  void origin_answers(const OriginAnswer& answer) {
    wait_for_origin();
    call([&] { origin_.answer(answer); });
  }
  void wait_for_origin() {
    wait_for([this] { return origin_.is_asked(); });
  }
  std::size_t origin_requests() {
    std::size_t count = 0;
    call([&] { count = origin_.requests.size(); });
    return count;
  }

  cache::MemoryCache& cache() { return cache_; }
  Invalidator& invalidator() { return invalidator_; }
  metrics::WorkerMetrics& counts() { return metrics_.worker(0); }
  ScriptedOrigin& origin() { return origin_; }
  void set_overload(OverloadLevel level) {
    call([this, level] { overload_.set(level); });
  }

 private:
  struct Asked {
    Asked(event::EventLoop& loop, std::string_view method, std::string_view path) : exchange(loop, method, path) {}
    demo::FakeExchange exchange;
    std::unique_ptr<frontend::ExchangeTask> task;
  };
  static std::shared_ptr<const ServingOptions> make_options(CachingPolicy caching) {
    auto options = std::make_shared<ServingOptions>();
    options->routes = *parse_routes({"/{avatar}/{variant}"});
    options->caching = std::move(caching);
    return options;
  }

  const std::shared_ptr<const ServingOptions> options_;
  SystemClock clock_;
  cache::MemoryCache cache_{{.settle = 0ms}, clock_};
  metrics::Metrics metrics_{1, {"here", "1"}, clock_, [] { return metrics::CacheGauges{}; }};
  Invalidator invalidator_{cache_, metrics_};
  WaiterDirectory directory_;
  PushDirectory pushes_;
  RateLimiter rates_{1024};
  Maintenance maintenance_;
  Overload overload_;
  event::EventLoop loop_{clock_};
  ScriptedOrigin origin_;
  std::unique_ptr<Serving> serving_ =
      std::make_unique<Serving>(Serving::Parts{loop_, cache_, origin_, metrics_.worker(0), invalidator_, directory_, 0,
                                               pushes_, rates_, maintenance_, overload_, options_});
  std::vector<std::unique_ptr<Asked>> asked_;
  std::thread thread_;
};

}  // namespace edge::serving
