// One thread with its loop and all that serves clients on it.
#pragma once

#include <memory>
#include <thread>

#include "cache/memory_cache.h"
#include "event/event_loop.h"
#include "frontend/access_log.h"
#include "frontend/server.h"
#include "metrics/metrics.h"
#include "origin/origin.h"
#include "serving/serving.h"

namespace edge::app {

// What a reload may change in a worker. Immutable, shared by all.
struct WorkerOptions {
  frontend::ServerOptions server;  // Its share of what is for the process.
  origin::OriginOptions origin;    // Likewise.
  std::shared_ptr<const serving::ServingOptions> serving;
};

// Built, started and joined by main's thread; everything inside belongs to the worker's.
class Worker {
 public:
  struct Shared {
    const Clock& clock;
    cache::MemoryCache& cache;
    metrics::Metrics& metrics;
    serving::Invalidator& invalidator;
    serving::WaiterDirectory& directory;
    frontend::AccessLog& access_log;
  };

  Worker(std::uint32_t number, const Shared& shared, std::shared_ptr<const WorkerOptions> options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before start().
  void add_listener(net::Socket socket);
  void start();

  // Main's thread; each takes effect on the worker's in a later turn.
  void reload(std::shared_ptr<const WorkerOptions> options);
  // `on_drained` runs on the worker's thread.
  void drain(UniqueFunction<void()> on_drained);
  // Ends what is left and the thread's loop.
  void stop();
  // Waits for the thread, after stop(). The loop stays until the worker is freed: others may still post to it.
  void join();

 private:
  void run();

  event::EventLoop loop_;
  std::unique_ptr<origin::Origin> origin_;
  std::unique_ptr<serving::Serving> serving_;
  std::unique_ptr<frontend::Server> server_;
  std::thread thread_;
};

}  // namespace edge::app
