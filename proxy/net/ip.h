// An IP address without a port, as a value: what clients are told apart by.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "net/address.h"

namespace edge::net {

// IPv4 is held as IPv6 holds it (RFC 4291 section 2.5.5.2), so both spellings of one address are equal. Default: "::".
class Ip {
 public:
  using Bytes = std::array<std::uint8_t, 16>;

  constexpr Ip() = default;
  constexpr explicit Ip(const Bytes& bytes) : bytes_(bytes) {}
  explicit Ip(const Address& address) noexcept;

  const Bytes& bytes() const noexcept { return bytes_; }
  bool is_ipv4() const noexcept;
  bool is_loopback() const noexcept;
  std::string text() const;

  // What one client is known by: all of an IPv4 address; of IPv6 the first 64 bits, within which a host may take any
  // address it likes (RFC 8981). A view into this.
  std::string_view client_key() const noexcept;

  friend bool operator==(const Ip&, const Ip&) = default;

 private:
  Bytes bytes_{};
};

// "192.0.2.1" or "2001:db8::1", without brackets, port or zone.
std::optional<Ip> try_ip(std::string_view text) noexcept;

}  // namespace edge::net
