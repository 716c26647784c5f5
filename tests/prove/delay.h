// How long it takes from XADD to the first new picture on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

#include "truth.h"

namespace prove {

// One after the other, on a node with nothing else to do: commit, XADD, and reading until the new version is answered.
nlohmann::json measure_delays(Truth& truth, std::uint16_t data_port, std::uint16_t redis_port,
                              const std::string& stream, std::size_t count);

}  // namespace prove
