// What several keys may not say together, and what must be read from the files that they name.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "app/config.h"

namespace edge::app {

// What the file said, by the paths of the keys as messages name them.
struct Places {
  std::map<std::string, Position, std::less<>> good;
  std::set<std::string, std::less<>> bad;  // Complained of already; their members still have the default.
};

// Complaints stand at the later of the keys. Also reads the admin token into `config`.
void apply_rules(const Places& places, Config& config, std::vector<Problem>& problems);

}  // namespace edge::app
