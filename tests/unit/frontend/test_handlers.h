// What the handlers of test servers answer, whichever protocol is spoken.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "event/deferred.h"
#include "unit/frontend/test_server.h"

namespace edge::frontend {

// Bytes that a response refers to.
class Body final : public Shared {
 public:
  explicit Body(std::string bytes) : text(std::move(bytes)) {}
  const std::string text;
};

// Answers at once with the target, as a hit would.
inline std::unique_ptr<ExchangeTask> answer_target(Exchange& exchange) {
  const Ref<const Body> body(new Body(std::string(exchange.request().target)));
  exchange.set_outcome(metrics::Outcome::Hit);
  exchange.respond({.status = 200, .fields = "x-test: 1\r\n", .body = body->text, .owner = body});
  return nullptr;
}

// Reads the request body, however it comes, and answers with it.
class Echo : public ExchangeTask {
 public:
  explicit Echo(Exchange& exchange) : exchange_(exchange) { exchange.read_body(); }
  void on_body(std::string_view piece) override { body_ += piece; }
  void on_body_end() override { exchange_.respond({.status = 200, .body = body_}); }

 private:
  Exchange& exchange_;
  std::string body_;
};

inline std::unique_ptr<ExchangeTask> echo(Exchange& exchange) {
  if (exchange.has_body()) return std::make_unique<Echo>(exchange);
  return answer_target(exchange);
}

// Runs `next` when the loop comes to it, unless the exchange has gone.
class LaterTask : public ExchangeTask {
 public:
  LaterTask(Exchange& exchange, std::function<void(Exchange&)> next)
      : next_(std::move(next)), deferred_(exchange.loop(), [this, &exchange] { next_(exchange); }) {
    deferred_.schedule();
  }

 private:
  std::function<void(Exchange&)> next_;
  event::Deferred deferred_;
};

// Keeps its exchange waiting; tells when it is destroyed.
class Forever : public ExchangeTask {
 public:
  explicit Forever(std::promise<void>& destroyed) : destroyed_(destroyed) {}
  ~Forever() override { destroyed_.set_value(); }

 private:
  std::promise<void>& destroyed_;
};

// One exchange, which waits until the test has it answered.
class Held {
 public:
  TestServer::Script script() {
    return [this](Exchange& exchange) {
      begun.set_value(&exchange);
      return std::make_unique<ExchangeTask>();
    };
  }
  void wait() { exchange_ = begun.get_future().get(); }
  // After wait().
  void answer(TestServer& server, std::string_view body = "ok") {
    server.on_loop([this, body](Server&) { finish(body); });
  }
  // On the loop's thread.
  void finish(std::string_view body = "ok") { exchange_->respond({.status = 200, .body = body}); }

  std::promise<Exchange*> begun;

 private:
  Exchange* exchange_ = nullptr;
};

}  // namespace edge::frontend
