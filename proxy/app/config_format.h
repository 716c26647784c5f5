// What the configuration holds, as the file would write it.
#pragma once

#include <cstdint>
#include <string>

#include "app/config_table.h"

namespace edge::app {

std::string format_quantity(Unit unit, std::uint64_t value);

// What the file would say; "0.0.0.0:8080", "512MiB", "[a, b]". Two configurations agree on a key exactly when the forms
// are equal.
std::string format_value(const ConfigKey& key, const Config& config, Items items = {});

}  // namespace edge::app
