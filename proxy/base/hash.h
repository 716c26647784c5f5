// The process's keyed hash. The key is random at each start, so nobody outside can prepare collisions; values mean
// nothing to another process.
#pragma once

#include <cstdint>
#include <string_view>

namespace edge {

std::uint64_t keyed_hash(std::string_view bytes) noexcept;

}  // namespace edge
