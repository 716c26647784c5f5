// What the requests of one worker share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/cache_options.h"
#include "cache/memory_cache.h"
#include "event/event_loop.h"
#include "metrics/worker_metrics.h"
#include "origin/origin.h"
#include "serving/caching_policy.h"
#include "serving/invalidator.h"
#include "serving/routes.h"

namespace edge::serving {

class Waiters;
class WaiterDirectory;
class FillRunner;
class Aftermath;

// Immutable; a reload makes a new one.
struct ServingOptions {
  Routes routes;
  std::string version_header = "x-avatar-version";  // In lower case.
  CachingPolicy caching;
  std::vector<std::string> origin_authorities{};  // host[:port] of the origin's URLs.
  std::uint64_t object_bytes_max = 8ull << 20;
  std::optional<std::string> token;  // That PURGE must bear; without one, it must come from loopback.
};

// Owned by the worker's Serving; everything in it outlives the requests.
struct Services {
  event::EventLoop& loop;
  cache::MemoryCache& cache;
  origin::Origin& origin;
  metrics::WorkerMetrics& metrics;
  Invalidator& invalidator;
  const WaiterDirectory& directory;
  Waiters& waiters;
  FillRunner& fills;
  Aftermath& aftermath;
  std::shared_ptr<const ServingOptions> options;
};

}  // namespace edge::serving
