// What one worker serves on its data ports: the handler behind the frontend, with the fills and waiters of the worker.
#pragma once

#include <memory>

#include "frontend/exchange.h"
#include "serving/fill_runner.h"
#include "serving/pass.h"
#include "serving/push_filler.h"
#include "serving/services.h"
#include "serving/waiters.h"

namespace edge::serving {

// Owned by a worker, after its origin and before its server. Loop's thread only.
class Serving final : public frontend::Handler {
 public:
  struct Parts {
    event::EventLoop& loop;
    cache::MemoryCache& cache;
    origin::Origin& origin;
    metrics::WorkerMetrics& metrics;
    Invalidator& invalidator;
    WaiterDirectory& directory;  // This worker enters itself.
    std::uint32_t worker;        // Its place there.
    PushDirectory& pushes;       // Likewise.
    RateLimiter& rates;
    const Maintenance& maintenance;
    const Overload& overload;
    std::shared_ptr<const ServingOptions> options;
    Tier* tier = nullptr;  // Outlives it; null: memory only.
  };
  explicit Serving(const Parts& parts);

  std::unique_ptr<frontend::ExchangeTask> start(frontend::Exchange& exchange) override;
  void reload(std::shared_ptr<const ServingOptions> options);
  // Ends what is under way at the origin; those who wait are told 503.
  void shut_down();

 private:
  Waiters waiters_;
  Services services_;
  PushFiller pushes_;  // Outlives the fills, whose ends it counts.
  FillRunner fills_;
  Aftermath aftermath_;
};

}  // namespace edge::serving
