// Hashes of bytes.
#pragma once

#include <cstdint>
#include <string_view>

namespace edge {

// With a key that is random at each start, so nobody outside can prepare collisions; values mean nothing to another
// process.
std::uint64_t keyed_hash(std::string_view bytes) noexcept;

// The same in every process, for names that others read.
std::uint64_t stable_hash(std::string_view bytes) noexcept;

}  // namespace edge
