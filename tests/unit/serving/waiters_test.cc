#include "serving/waiters.h"

#include <thread>

#include "support/catch.h"

using namespace edge;
using namespace edge::serving;

namespace {

class FakeWaiter final : public FillWaiter {
 public:
  void on_fill(const FillOutcome& outcome) override {
    ++told;
    if (const auto* failed = std::get_if<FillFailed>(&outcome)) detail = failed->detail;
    if (then) then();
  }
  void take_stream(std::unique_ptr<origin::Fetch>, const http::ResponseHead&, std::string_view) override {}

  int told = 0;
  std::string detail;
  UniqueFunction<void()> then;
};

const FillOutcome kFailed = FillFailed{http::ProxyError::ConnectionTimeout, "too slow"};

struct Worker {
  explicit Worker(std::uint32_t number) : waiters(number, loop, metrics) {}
  // Runs what has been posted so far.
  void run() {
    loop.post([this] { loop.stop(); });
    loop.run();
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  metrics::WorkerMetrics metrics;
  Waiters waiters;
};

}  // namespace

TEST_CASE("a waiter that is still there is told, once, and counted while it waits", "[serving]") {
  Worker worker(0);
  FakeWaiter stays, leaves;
  const cache::WaiterId first = worker.waiters.next_id(), second = worker.waiters.next_id();
  CHECK_FALSE(first == second);
  worker.waiters.add(first, stays);
  worker.waiters.add(second, leaves);
  CHECK(worker.metrics.waiters.value() == 2);
  worker.waiters.remove(second);
  worker.waiters.remove(second);
  CHECK(worker.metrics.waiters.value() == 1);
  worker.waiters.deliver({first, second}, kFailed);
  worker.waiters.deliver({first, second}, kFailed);
  CHECK(stays.told == 1);
  CHECK(stays.detail == "too slow");
  CHECK(leaves.told == 0);
  CHECK(worker.metrics.waiters.value() == 0);
}

TEST_CASE("a waiter may take another with it, or wait anew, when it is told", "[serving]") {
  Worker worker(0);
  FakeWaiter first, second;
  const cache::WaiterId a = worker.waiters.next_id(), b = worker.waiters.next_id(), c = worker.waiters.next_id();
  worker.waiters.add(a, first);
  worker.waiters.add(b, second);
  first.then = [&] {
    worker.waiters.remove(b);
    worker.waiters.add(c, first);
  };
  worker.waiters.deliver({a, b}, kFailed);
  CHECK(first.told == 1);
  CHECK(second.told == 0);
  CHECK(worker.waiters.find(c) == &first);
}

TEST_CASE("a worker knows its own waiters alone", "[serving]") {
  Worker worker(1);
  FakeWaiter waiter;
  const cache::WaiterId id = worker.waiters.next_id();
  CHECK(id.worker == 1);
  worker.waiters.add(id, waiter);
  CHECK(worker.waiters.find(id) == &waiter);
  CHECK(worker.waiters.find({0, id.serial}) == nullptr);
}

TEST_CASE("an outcome reaches the waiters of every worker, in a later turn of its loop", "[serving]") {
  Worker first(0), second(1), third(2);
  WaiterDirectory directory;
  for (Worker* worker : {&first, &second, &third}) directory.add(worker->waiters);
  FakeWaiter here, there;
  const cache::WaiterId a = first.waiters.next_id(), b = third.waiters.next_id();
  first.waiters.add(a, here);
  third.waiters.add(b, there);
  directory.tell({b, a}, kFailed);
  CHECK(here.told == 0);
  first.run();
  CHECK(here.told == 1);
  CHECK(there.told == 0);
  std::thread([&] { third.run(); }).join();
  CHECK(there.told == 1);
}
