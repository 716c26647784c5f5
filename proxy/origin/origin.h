// The origin, as one worker sees it: its URLs, which of them are well, and how many requests may be under way.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/event_loop.h"
#include "metrics/worker_metrics.h"
#include "origin/breaker.h"
#include "origin/fetch.h"
#include "origin/origin_url.h"
#include "origin/retry_budget.h"
#include "origin/url_health.h"

namespace edge::origin {

// When a URL that can be connected to is out of order (see Balancer).
struct OutlierOptions {
  std::uint32_t failures_max = 5;               // In a row; 0: never.
  bool any_5xx = false;                         // Whether statuses besides 502, 503 and 504 are failures.
  std::chrono::milliseconds eject_max{30'000};  // Each ejection in a row is twice as long as the last, up to this.
  std::uint32_t ejected_percent_max = 50;       // Of the URLs.
};

struct OriginOptions {
  std::vector<std::string> urls{"http://127.0.0.1:9000"};  // http or https, a host, a port, perhaps a path prefix.
  std::vector<std::uint32_t> weights{};                    // Of the URLs, by position; 1 where there is none.
  std::chrono::milliseconds connect_timeout{1'000};
  std::chrono::milliseconds first_byte_timeout{5'000};  // From the start of the fetch (queueing included) to the head.
  std::chrono::milliseconds total_timeout{30'000};      // To the last byte.
  std::chrono::milliseconds eject{1'000};  // A URL that is out of order is left out for so long; not when all are.
  OutlierOptions outlier;
  HealthOptions health;  // For the HealthChecker alone.
  BreakerOptions breaker;
  RetryOptions retries;
  // A GET whose head has not come so long after it was sent is sent to another URL as well, and the first answer is
  // taken; one of the further attempts that `retries` limits. 0: never.
  std::chrono::milliseconds hedge_after{0};
  std::chrono::milliseconds idle_timeout{60'000};  // A connection unused for longer is not used again.
  std::chrono::milliseconds slow_start{0};    // A URL that returns gets its whole share after so long; at once if 0.
  std::chrono::milliseconds dns_ttl{30'000};  // An address is looked up again after so long, in whole seconds.
  std::chrono::milliseconds connection_age_max{600'000};  // No connection is used again after so long; 0: any is.
  std::uint32_t concurrent_max = 256;                     // Fetches under way, in this worker.
  std::uint32_t queue_max = 1'024;                        // Fetches waiting for one of those, in this worker.
  std::uint64_t collect_bytes_max = 8ull << 20;           // Beyond it a collected body overflows.
  bool http2 = true;                                      // Spoken to https origins that offer it.
  std::string ca_file;                                    // Empty: the system's certificates.
  bool verify_tls = true;
  std::string client_certificate_file{};  // PEM; shown to an https origin that asks. Empty: none.
  std::string client_key_file{};          // PEM; of that certificate.
  // Where to connect to, whatever the URLs name: "127.0.0.1:9180", "unix:/run/x.sock". Empty: what they name.
  std::string connect_to{};
};

using UnhealthyUrls = std::vector<OriginUrl>;

// Says what is wrong with a URL, if anything: scheme, host, user info, query.
Status check_origin_url(std::string_view url);

// Owned by a worker; outlives its fetches. Loop's thread only.
class Origin {
 public:
  virtual ~Origin() = default;
  // Begins a fetch, perhaps after a wait in the queue. Never calls the observer before it has returned; where it fails
  // at once (queue full, a request that must not be sent), on_error comes in a later turn.
  [[nodiscard]] virtual std::unique_ptr<Fetch> start(FetchRequest request, FetchObserver& observer) = 0;
  // New timeouts, limits and URLs, for fetches that start from now on.
  virtual void reload(const OriginOptions& options) = 0;
  // Which of its URLs are unhealthy, by checks that are made elsewhere; all others are healthy.
  virtual void set_unhealthy(std::span<const OriginUrl> urls) = 0;
};

std::unique_ptr<Origin> make_origin(event::EventLoop& loop, const OriginOptions& options,
                                    metrics::WorkerMetrics& metrics);

}  // namespace edge::origin
