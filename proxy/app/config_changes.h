// What of another configuration a running process can take over, and what waits for a restart.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace edge::app {

// Paths of the keys that differ and that a running process cannot change, in the order of the documentation.
std::vector<std::string> changes_needing_restart(const Config& running, const Config& next);

// All else of `next`. What cannot be changed is as in `running`, so that it is named again at each reload.
Config without_changes_needing_restart(Config next, const Config& running);

}  // namespace edge::app
