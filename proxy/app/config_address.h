// The address of a listener as text: 127.0.0.1:8080, [::1]:8080.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace edge::app {

struct SocketAddress {
  bool is_ipv6 = false;
  std::array<std::uint8_t, 16> ip{};  // Network order; IPv4 fills the first four.
  std::uint16_t port = 0;

  bool is_any() const noexcept { return ip == std::array<std::uint8_t, 16>{}; }
  bool is_loopback() const noexcept;
  friend bool operator==(const SocketAddress&, const SocketAddress&) = default;
};

// Host names are not looked up.
Result<SocketAddress> parse_socket_address(std::string_view text);

// Whether listening on `a` takes what `b` asks for: the same port, and the same address or any of its family. A port
// that the kernel picks takes nothing away.
bool overlaps(const SocketAddress& a, const SocketAddress& b) noexcept;

}  // namespace edge::app
