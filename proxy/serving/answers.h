// The answers that serving gives, in one place: a stored response, and what says why there is none.
#pragma once

#include <string_view>

#include "cache/memory_cache.h"
#include "frontend/exchange.h"
#include "http/cache_status.h"
#include "http/proxy_error.h"

namespace edge::serving {

// Answers GET or HEAD with a stored response, or with 304 where the request's conditions ask for it.
void answer_stored(frontend::Exchange& exchange, const Ref<const cache::StoredResponse>& response,
                   const http::CacheStatus& status, Instant now);

// Answers that the origin could not be had. `detail` must name no machine of ours.
void answer_origin_error(frontend::Exchange& exchange, http::ProxyError error, std::string_view detail,
                         http::ForwardReason reason);

// A refusal of our own; `detail` is a constant.
void answer_refusal(frontend::Exchange& exchange, std::uint16_t status, std::string_view detail);

}  // namespace edge::serving
