// One thread with its loop and all that serves clients on it.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "cache/memory_cache.h"
#include "event/event_loop.h"
#include "frontend/access_log.h"
#include "frontend/server.h"
#include "metrics/metrics.h"
#include "net/tls_context.h"
#include "origin/origin.h"
#include "serving/rate_limiter.h"
#include "serving/serving.h"
#include "serving/tier.h"

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
    serving::PushDirectory& pushes;
    serving::RateLimiter& rates;
    const serving::Maintenance& maintenance;
    limit::ClientConnections& clients;
    frontend::AccessLog& access_log;
    const tier2::TierOptions* tier;  // Null: memory only.
    const tier2::TierState& tier_state;
  };

  Worker(std::uint32_t number, const Shared& shared, std::shared_ptr<const WorkerOptions> options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // Before start().
  void add_listener(net::Socket socket, std::shared_ptr<const net::TlsContext> tls,
                    std::shared_ptr<const frontend::PortAccess> access);
  // Another socket of a listener, counted from 0.
  void add_socket(std::size_t listener, net::Socket socket);
  void start();

  // Main's thread; each takes effect on the worker's in a later turn.
  // `tls` is by listener, in the order in which they were added.
  void reload(std::shared_ptr<const WorkerOptions> options, std::vector<std::shared_ptr<const net::TlsContext>> tls);
  // `on_answer` runs on the worker's thread, in a later turn; a worker whose loop does not turn never answers.
  void ask_alive(UniqueFunction<void()> on_answer);
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
  std::unique_ptr<serving::Tier> tier_;  // Null: memory only.
  std::unique_ptr<serving::Serving> serving_;
  std::unique_ptr<frontend::Server> server_;
  std::thread thread_;
};

}  // namespace edge::app
