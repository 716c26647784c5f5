// What the tier's keeper counts. The feed's thread alone writes; the scrape reads from another.
#pragma once

#include <cstdint>

#include "metrics/worker_metrics.h"

namespace edge::metrics {

struct TierMetrics {
  Cell connected;  // Gauge: 1 or 0.
  Cell connections_lost;
  Cell primary_switches;      // To a primary with another address, by the word of a sentinel.
  Cell sentinel_asks_failed;  // Questions of the keeper to sentinels that did not lead to the primary.
  Cell opened;                // Times that the tier became usable.
  Cell events_applied;        // Events of the feed told to it.
  Cell replays;
  Cell events_replayed;
  Cell epochs_moved;  // By this node.
  Cell refused;       // Commands that Redis answered with an error.
  Cell forgotten;     // Avatars whose entries were deleted for a purge by hand.
};

// What the tier says of itself at a scrape.
struct TierGauges {
  bool is_open = false;
};

}  // namespace edge::metrics
