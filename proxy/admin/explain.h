// Why what is held is held, what a request would get, and until when; in words.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "cache/memory_cache.h"
#include "frontend/exchange.h"
#include "serving/routes.h"

namespace edge::admin {

// A sentence without its end: "fresh for another 40 s because of max-age: served without asking the origin".
std::string explain(const cache::EntryReport& entry);

// What this node holds of one URL, and what a request for it would get now; several lines. `target`: path and query, as
// a client would send it.
void explain_url(frontend::Exchange& exchange, std::string_view target, const cache::MemoryCache& cache,
                 const serving::Routes& routes);

}  // namespace edge::admin
