// Durations and sizes as people write them: 200ms 5s 1m 1h 1d, 64KiB 512MiB 1GiB.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace edge {

// A whole number directly followed by ms, s, m, h or d. At most 10 years.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
// A whole number directly followed by B, KiB, MiB or GiB; a bare 0 is allowed. At most 2^50 bytes.
Result<std::uint64_t> parse_size(std::string_view text);

// The shortest exact form that the parsers read back.
std::string format_duration(std::chrono::milliseconds duration);
std::string format_size(std::uint64_t bytes);

}  // namespace edge
