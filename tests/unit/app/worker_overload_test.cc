#include "app/worker_overload.h"

#include <functional>
#include <utility>

#include "frontend/access_log.h"
#include "support/catch.h"

using namespace edge;
using namespace edge::app;
using namespace std::chrono_literals;
using serving::OverloadLevel;

namespace {

// A worker on whose loop each turn takes as long as the test says, by a clock that nothing else moves.
struct LateWorker final : frontend::Handler {
  std::unique_ptr<frontend::ExchangeTask> start(frontend::Exchange&) override { return nullptr; }
  struct NoLines final : LineWriter {
    void write(std::string_view) override {}
    void reopen() override {}
  };

  std::uint64_t probes() const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= metrics::Histogram::kBounds.size(); ++i) count += metrics.loop_lag.count(i);
    return count;
  }
  std::uint64_t level(metrics::OverloadCause cause) const { return metrics.overload_levels[cause].value(); }

  // So many more probes on turns that take so long.
  void turn(std::chrono::milliseconds takes, std::uint64_t count) {
    const std::uint64_t enough = probes() + count;
    UniqueFunction<void()> work;
    work = [&] {
      clock.advance(takes);
      if (probes() >= enough) return loop.stop();
      loop.post([&] { work(); });
    };
    work();
    loop.run();
  }

  FakeClock clock;
  event::EventLoop loop{clock};
  NoLines lines;
  frontend::AccessLog log{frontend::AccessLogMode::Off, lines};
  metrics::WorkerMetrics metrics;
  frontend::Server server{loop, {}, *this, metrics, log};
  serving::Overload told;
  WorkerOverload overload{loop, 0, 250ms, told, server, metrics};
};

using metrics::Limit;
using metrics::OverloadCause;

}  // namespace

TEST_CASE("a worker whose turns all take long has too much to do, until they do no longer", "[app][overload]") {
  LateWorker worker;
  worker.turn(300ms, 3);
  CHECK(worker.told.level() == OverloadLevel::None);
  worker.turn(300ms, 2);
  CHECK(worker.told.level() == OverloadLevel::Connections);
  CHECK(worker.level(OverloadCause::LoopLag) == 1);
  CHECK(worker.metrics.limits[Limit::OverloadConnections].value() == 1);
  CHECK(worker.metrics.loop_lag_sustained_ns.value() == 300'000'000);
  worker.turn(0ms, 5);
  CHECK(worker.told.level() == OverloadLevel::None);
  CHECK(worker.level(OverloadCause::LoopLag) == 0);
}

TEST_CASE("of lag and memory the higher level counts, and each goes by itself", "[app][overload]") {
  LateWorker worker;
  worker.overload.set_memory_level(OverloadLevel::Fills);
  CHECK(worker.told.level() == OverloadLevel::Fills);
  CHECK(worker.told.sheds_fills());
  CHECK_FALSE(worker.told.sheds_hits());
  worker.turn(1100ms, 5);
  CHECK(worker.told.level() == OverloadLevel::Hits);
  CHECK(worker.level(OverloadCause::Memory) == 2);
  worker.turn(0ms, 5);
  CHECK(worker.told.level() == OverloadLevel::Fills);
  worker.overload.set_memory_level(OverloadLevel::None);
  CHECK(worker.told.level() == OverloadLevel::None);
  // They began to wait once, and then waited on.
  CHECK(worker.metrics.limits[Limit::OverloadConnections].value() == 1);
}

TEST_CASE("the limit of the lag may change meanwhile, and 0 is none", "[app][overload]") {
  LateWorker worker;
  worker.overload.set_lag_limit(0ms);
  worker.turn(1h, 5);
  CHECK(worker.told.level() == OverloadLevel::None);
  worker.overload.set_lag_limit(1h);
  worker.turn(1h, 1);
  CHECK(worker.told.level() == OverloadLevel::Connections);
}
