// What the update feed counts. Its thread alone writes; the scrape reads from another.
#pragma once

#include <cstdint>
#include <optional>

#include "metrics/worker_metrics.h"

namespace edge::metrics {

struct FeedMetrics {
  Cell connected;  // Gauge: 1 or 0.
  Cell connections_lost;
  Cell primary_switches;      // To a primary with another address, by the word of a sentinel.
  Cell sentinel_asks_failed;  // Questions to sentinels, of reader and publisher, that did not lead to the primary.
  Cell events_applied;
  Cell events_malformed;
  Histogram lag;  // From an event's commit (`at`, else when it was published) to its application, by two clocks.
  Cell proofs;
  Cell gaps;              // After the first attachment.
  Cell identity_changes;  // Of those, the ones for which another life of the server was the reason.

  Cell published;
  Cell publications_failed;
  Cell publications_pending;   // Gauge: of unsafe requests, not yet taken by Redis.
  Cell publications_given_up;  // Of those, dropped because too many were pending.
  Cells<WaitEnd> waits;
};

// What the feed says of itself at a scrape.
struct FeedGauges {
  double lease_remaining_seconds = 0;  // 0 when it has run out.
  double position_seconds = 0;         // The milliseconds of the position's ID, in seconds; 0 before the first.
};

}  // namespace edge::metrics
