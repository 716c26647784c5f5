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
#include "serving/maintenance.h"
#include "serving/overload.h"
#include "serving/rate_rules.h"
#include "serving/routes.h"
#include "serving/signed_urls.h"

namespace edge::serving {

class Waiters;
class WaiterDirectory;
class FillRunner;
class Tier;
class Aftermath;
class RateLimiter;

// Immutable; a reload makes a new one.
struct ServingOptions {
  Routes routes;
  std::string version_header = "x-avatar-version";  // In lower case.
  CachingPolicy caching;
  std::vector<std::string> origin_authorities{};  // host[:port] of the origin's URLs.
  std::uint64_t object_bytes_max = 8ull << 20;
  std::uint32_t pushes_max = 16;     // Push-fills under way at once, on this worker.
  std::optional<std::string> token;  // That PURGE must bear.
  bool purges_from_loopback = true;  // Without a token; not where a proxy there speaks for clients from anywhere.
  RateRules rates{};
  SignedUrls signed_urls{};
  std::chrono::seconds maintenance_retry_after{120};
  std::uint32_t fills_per_route_max = 0;      // Under way at once on this worker, of each of `routes`; 0: no limit.
  std::uint64_t fill_bytes_max = 1ull << 30;  // Of bodies that fills are collecting, on this worker.
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
  RateLimiter& rates;
  const Maintenance& maintenance;
  const Overload& overload;
  Tier* tier;  // Null: memory only.
  std::shared_ptr<const ServingOptions> options;
};

}  // namespace edge::serving
