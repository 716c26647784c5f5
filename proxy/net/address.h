// Addresses of sockets, as text and as the kernel wants them: IPv4 and IPv6 with a port, UNIX sockets with a path.
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
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  std::uint16_t port() const noexcept;  // 0 for a UNIX socket.
  bool is_loopback() const noexcept;
  std::string host() const;       // Without the port; an IPv4 address mapped into IPv6 as IPv4.
  std::string unix_path() const;  // Empty for others, and for who has connected without a name.
  std::string text() const;       // "127.0.0.1:8080", "[::1]:8080", "unix:/run/x.sock".

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

// "127.0.0.1:8080" or "[::1]:8080": numbers only, so that parsing never asks the DNS; or "unix:" and the absolute path
// of a socket.
Result<Address> parse_address(std::string_view text);

constexpr std::string_view kUnixPrefix = "unix:";
// What the kernel has room for.
constexpr std::size_t kUnixPathBytesMax = 107;

}  // namespace edge::net
