// Message authentication.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edge {

// HMAC-SHA256 (RFC 2104, FIPS 180-4).
using Hmac = std::array<std::uint8_t, 32>;
Hmac hmac_sha256(std::string_view key, std::string_view message);

// Takes as long for unequal ones as for equal ones.
bool is_equal_in_constant_time(const Hmac& a, const Hmac& b) noexcept;

}  // namespace edge
