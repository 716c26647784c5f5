// What two looks at a running edge say of the time between them, in words and figures.
#pragma once

#include <chrono>
#include <string>

#include "app/scrape.h"
#include "base/clock.h"
#include "base/result.h"

namespace edge::app {

// What the edge has answered at one moment.
struct Look {
  Instant at;             // By the clock of whoever looks.
  std::string status;     // GET /status.
  Scrape metrics;         // GET /metrics.
  std::string hottest{};  // GET /hottest, of a watch of its own; empty: the edge does not say.
};

// Lines, each with a newline: what an operator looks at first, rates a second between the looks. Fails where the edge
// was started anew between them, so that nothing can be compared, or where its status cannot be read.
Result<std::string> describe(const Look& before, const Look& now);

}  // namespace edge::app
