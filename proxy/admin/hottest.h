// GET /hottest: which avatars are asked for most, while somebody wants to know.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "event/timer.h"
#include "frontend/access_log.h"
#include "frontend/exchange.h"
#include "metrics/worker_metrics.h"
#include "serving/routes.h"

namespace edge::admin {

class HottestWatch;

// Main's thread only, on whose loop its exchanges are; outlives these. What it is given outlives it.
//
// While nobody watches, exchanges pay nothing. While somebody does, each counts its avatar on its own thread, in a
// SpaceSaving that seldom anybody else wants at the same time.
class Hottest {
 public:
  static constexpr std::size_t kWatchesMax = 8;                    // More are told 503.
  static constexpr std::chrono::milliseconds kWatchedFor{60'000};  // A watch that nobody asks for so long has ended.
  static constexpr std::size_t kListed = 20;                       // Avatars in an answer.
  static constexpr std::size_t kNamesMax = 256;                    // Avatars that each thread counts for a watch.
  static constexpr std::size_t kNameBytesMax = 256;                // No event can name a longer one; it is not listed.

  // `metrics`: of main's thread.
  Hottest(frontend::AccessLog& log, metrics::WorkerMetrics& metrics,
          std::chrono::milliseconds watched_for = kWatchedFor);
  ~Hottest();
  Hottest(const Hottest&) = delete;
  Hottest& operator=(const Hottest&) = delete;

  // The query may be watch=NAME, at most 64 letters, digits, '-', '.', '_' and '~'; without one the name is empty.
  // Behind it may be &last: the watch ends with the answer. The answer is what was asked for since that watch was last
  // asked for, and nothing when it is asked for the first time:
  // {"seconds":1.002,"requests":812,"avatars":[{"avatar":"42","requests":700,"error_max":0},...]}, the hottest first;
  // of an avatar's requests as many may be another's as error_max says.
  void answer(frontend::Exchange& exchange, std::string_view query, const serving::Routes& routes);

 private:
  void end_forgotten(Instant now);
  void tell_log();

  frontend::AccessLog& log_;
  metrics::WorkerMetrics& metrics_;
  const std::chrono::milliseconds watched_for_;
  std::map<std::string, std::shared_ptr<HottestWatch>, std::less<>> watches_;
  std::optional<event::Timer> forgotten_;  // Of the loop of the first exchange.
};

}  // namespace edge::admin
