// GET /avatars/ID: what this node holds of an avatar, and why.
#pragma once

#include <string_view>

#include "cache/memory_cache.h"
#include "frontend/exchange.h"

namespace edge::admin {

// `avatar`: as it stands in the path, percent-encoded.
void show_avatar(frontend::Exchange& exchange, std::string_view avatar, const cache::MemoryCache& cache);

}  // namespace edge::admin
