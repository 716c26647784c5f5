// What operators can do: POST /updates and POST /purge. Both are idempotent, and answer 200 with counts also when
// nothing was held.
#pragma once

#include <string_view>

#include "frontend/exchange.h"
#include "serving/invalidator.h"
#include "serving/routes.h"

namespace edge::admin {

// {"avatar":"42","version":57,"op":"update"}: avatar is required (1 to 256 bytes), version an unsigned 64-bit number,
// op update or delete. Without a feed it applies to this node alone, and says so.
void apply_update(frontend::Exchange& exchange, std::string_view body, serving::Invalidator& invalidator);

// {"avatar":..}, {"url":..} or {"all":true}; with "soft":true what is held is revalidated rather than dropped.
void purge(frontend::Exchange& exchange, std::string_view body, const serving::Routes& routes,
           serving::Invalidator& invalidator);

}  // namespace edge::admin
