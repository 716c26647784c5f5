// POST /purge, which is of this node. Idempotent: it answers 200 with counts also when nothing was held.
#pragma once

#include <string_view>

#include "frontend/exchange.h"
#include "serving/invalidator.h"
#include "serving/routes.h"

namespace edge::admin {

// {"avatar":..}, {"url":..} or {"all":true}; with "soft":true what is held is revalidated rather than dropped.
void purge(frontend::Exchange& exchange, std::string_view body, const serving::Routes& routes,
           serving::Invalidator& invalidator);

}  // namespace edge::admin
