// A node that holds nothing but the floors it is told, as the admin port finds it.
#pragma once

#include "metrics/metrics.h"
#include "serving/invalidator.h"
#include "serving/routes.h"

namespace edge::admin {

struct TestNode {
  SystemClock clock;
  event::EventLoop loop{clock};
  cache::MemoryCache cache{{}, clock};
  metrics::Metrics metrics{1, {"here", "1"}, clock, [] { return metrics::CacheGauges{}; }};
  serving::Invalidator invalidator{cache, metrics};
  serving::Routes routes = *serving::parse_routes({"/avatars/{avatar}"});
};

}  // namespace edge::admin
