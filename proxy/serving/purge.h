// The answer to PURGE of a URL.
#pragma once

#include "cache/memory_cache.h"
#include "frontend/exchange.h"
#include "serving/services.h"

namespace edge::serving {

// Forgets what is held of that URL and answers how much that was, or 403 to who may not ask for it: with a token, who
// has not got it; without one, who is not on this machine.
void answer_purge(frontend::Exchange& exchange, const cache::CacheKey& key, Services& services);

}  // namespace edge::serving
