// What `check --connect` finds out: whether Redis and origin can be reached and are set up as needed.
#pragma once

#include <string>
#include <vector>

#include "app/config.h"

namespace edge::app {

// A sentence for each thing that is wrong, with the key that it is about.
std::vector<std::string> check_connections(const Config& config);

}  // namespace edge::app
