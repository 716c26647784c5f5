// IPv4 and IPv6 addresses with a port, as text and as the kernel wants them.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace edge::net {

class Address {
 public:
  Address() = default;
  Address(const sockaddr_storage& storage, socklen_t length) : storage_(storage), length_(length) {}

  const sockaddr* raw() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t raw_length() const noexcept { return length_; }
  int family() const noexcept { return storage_.ss_family; }
  std::uint16_t port() const noexcept;
  bool is_loopback() const noexcept;
  std::string host() const;  // Without the port; an IPv4 address mapped into IPv6 as IPv4.
  std::string text() const;  // "127.0.0.1:8080", "[::1]:8080".

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

// "127.0.0.1:8080" or "[::1]:8080": numbers only, so that parsing never asks the DNS.
Result<Address> parse_address(std::string_view text);

}  // namespace edge::net
