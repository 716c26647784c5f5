// Blocks of IP addresses (RFC 4632, RFC 4291 section 2.3), and which of many an address is in.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/ip.h"

namespace edge::net {

struct Network {
  Ip first;
  std::uint8_t prefix_bits = 128;  // Of the 128; an IPv4 network has 96 and more.
};

// "192.0.2.0/24", "2001:db8::/32", or one address. The error says what is wrong, and what would be right where bits
// beyond the prefix are set.
Result<Network> parse_network(std::string_view text);

// Immutable; any thread.
class Networks {
 public:
  Networks() = default;
  explicit Networks(std::span<const Network> networks);

  bool empty() const noexcept { return lengths_.empty(); }
  // The longest prefix that the address is in. Takes a binary search for each length of prefix that occurs.
  std::optional<std::uint8_t> longest_match(const Ip& address) const noexcept;
  bool contains(const Ip& address) const noexcept { return longest_match(address).has_value(); }

 private:
  struct Length {
    std::uint8_t bits;
    std::vector<Ip::Bytes> firsts;  // Sorted.
  };
  std::vector<Length> lengths_;  // The longest first.
};

}  // namespace edge::net
