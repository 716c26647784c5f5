#include "app/worker_overload.h"

#include <algorithm>
#include <string>

#include "base/log.h"

namespace edge::app {
namespace {

using serving::OverloadLevel;

// Twenty a second cost nothing that can be measured, and four of them tell within a blink.
constexpr std::chrono::milliseconds kProbePause{50};

}  // namespace

WorkerOverload::WorkerOverload(event::EventLoop& loop, std::uint32_t number, std::chrono::milliseconds lag_limit,
                               serving::Overload& told, frontend::Server& server, metrics::WorkerMetrics& metrics)
    : number_(number),
      lag_limit_(lag_limit),
      told_(told),
      server_(server),
      metrics_(metrics),
      probe_(loop, kProbePause, [this](std::chrono::nanoseconds lag) { on_lag(lag); }) {}

void WorkerOverload::set_memory_level(OverloadLevel level) {
  memory_level_ = level;
  update();
}

void WorkerOverload::on_lag(std::chrono::nanoseconds lag) {
  metrics_.loop_lag.observe(lag);
  const OverloadLevel before = lag_level_;
  lag_level_ = lag_.note(lag, lag_limit_);
  metrics_.loop_lag_sustained_ns.set(static_cast<std::uint64_t>(lag_.sustained().count()));
  if (lag_level_ == before) return;
  const auto late = std::chrono::round<std::chrono::milliseconds>(lag_.sustained());
  log_warning("overload.lag", "worker " + std::to_string(number_) + " is late by " + std::to_string(late.count()) +
                                  " ms: " + std::string(to_text(lag_level_)));
  update();
}

void WorkerOverload::update() {
  if (const OverloadLevel level = std::max(lag_level_, memory_level_); level != told_.level()) {
    if (told_.level() == OverloadLevel::None) metrics_.limit_reached(metrics::Limit::OverloadConnections);
    told_.set(level);
    server_.set_accepting(level == OverloadLevel::None);
  }
  // Last, so that what is seen has been done.
  metrics_.overload_levels[metrics::OverloadCause::LoopLag].set(static_cast<std::uint64_t>(lag_level_));
  metrics_.overload_levels[metrics::OverloadCause::Memory].set(static_cast<std::uint64_t>(memory_level_));
}

}  // namespace edge::app
