// The admin port: what operators and scrapers ask. One more handler behind the same frontend.
//
//     GET  /                the list of what is here
//     GET  /livez           200 while the process runs
//     GET  /readyz          200 while it wants traffic, else 503
//     GET  /metrics         for Prometheus
//     GET  /status          what the edge says of itself, JSON
//     GET  /avatars/ID      what this node holds of an avatar, and why, JSON
//     GET  /explain/URL     what a request for /URL would get, why and until when, in words
//     GET  /tail            records of the access log as they come
//     GET  /hottest         the avatars asked for most since it was last asked
//     POST /updates         publishes an update event, or without a feed applies it
//     POST /degraded        switches the degraded mode of the limits
//     POST /maintenance     switches whether the origin is left alone
//     POST /reload          reads the configuration again
//     POST /purge           drops, or makes to be revalidated, an avatar, a URL or everything
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/hottest.h"
#include "admin/reload.h"
#include "admin/switches.h"
#include "admin/tail.h"
#include "admin/updates.h"
#include "cache/memory_cache.h"
#include "frontend/exchange.h"
#include "metrics/metrics.h"
#include "serving/invalidator.h"
#include "serving/routes.h"

namespace edge::admin {

// What the application knows and admin, below it, must ask for.
struct AdminQuestions {
  std::function<std::string_view()> why_not_ready;  // Empty when it is.
  std::function<std::string()> status_json;         // The whole answer of GET /status.
  Switch degraded;                                  // The degraded mode of the limits.
  Switch maintenance;                               // Whether the origin is left alone.
  Reload reload;                                    // Of the configuration.
};

// What a reload may change.
struct AdminOptions {
  std::optional<std::string> token;  // Required of every request but /livez and /readyz; null: nobody is asked.
  serving::Routes routes;            // By which a URL finds its avatar.
};

// Owned by the application, on the main thread's loop; outlives its server and the feed's thread. What it is given
// outlives it; `feed` is null where there is none.
class AdminHandler final : public frontend::Handler {
 public:
  AdminHandler(AdminOptions options, cache::MemoryCache& cache, serving::Invalidator& invalidator,
               metrics::Metrics& metrics, frontend::AccessLog& access_log, feed::Feed* feed, AdminQuestions questions);

  void reload(AdminOptions options) { options_ = std::move(options); }
  // Answers that would go on end, and say why: a phrase of ours.
  void end_streams(std::string_view why) { tails_.end_all(why); }
  std::unique_ptr<frontend::ExchangeTask> start(frontend::Exchange& exchange) override;

 private:
  AdminOptions options_;
  cache::MemoryCache& cache_;
  serving::Invalidator& invalidator_;
  metrics::Metrics& metrics_;
  const AdminQuestions questions_;
  Updates updates_;
  Tails tails_;
  Hottest hottest_;
};

}  // namespace edge::admin
