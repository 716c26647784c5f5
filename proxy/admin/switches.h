// POST /degraded and POST /maintenance: what operators switch while the edge runs. A switch stays as it is until it is
// switched again, the process ends, or a reload changes its value in the configuration. Idempotent.
#pragma once

#include <functional>
#include <string_view>

#include "frontend/exchange.h"

namespace edge::admin {

struct Switch {
  std::function<bool()> is_on;
  std::function<void(bool is_on)> set;
};

// Body: {"on":true} or {"on":false}. Answers what is so now and was so before. `event`: a constant, for the audit line.
void switch_over(frontend::Exchange& exchange, std::string_view event, std::string_view body, const Switch& which);

}  // namespace edge::admin
