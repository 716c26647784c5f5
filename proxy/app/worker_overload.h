// Whether one worker has too much to do, and that something is done about it.
#pragma once

#include <chrono>
#include <cstdint>

#include "event/lag_probe.h"
#include "frontend/server.h"
#include "metrics/worker_metrics.h"
#include "serving/overload.h"

namespace edge::app {

// Owned by its worker; what it is given outlives it. Loop's thread only.
class WorkerOverload {
 public:
  // `number`: the worker's, for the log. `told` hears of each change, and so does `server`.
  WorkerOverload(event::EventLoop& loop, std::uint32_t number, std::chrono::milliseconds lag_limit,
                 serving::Overload& told, frontend::Server& server, metrics::WorkerMetrics& metrics);

  void set_lag_limit(std::chrono::milliseconds limit) { lag_limit_ = limit; }
  // What the memory of the process asks for.
  void set_memory_level(serving::OverloadLevel level);

 private:
  void on_lag(std::chrono::nanoseconds lag);
  void update();

  const std::uint32_t number_;
  std::chrono::milliseconds lag_limit_;
  serving::Overload& told_;
  frontend::Server& server_;
  metrics::WorkerMetrics& metrics_;
  serving::LagLevel lag_;
  serving::OverloadLevel lag_level_ = serving::OverloadLevel::None;
  serving::OverloadLevel memory_level_ = serving::OverloadLevel::None;
  event::LagProbe probe_;
};

}  // namespace edge::app
