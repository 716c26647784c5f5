#include "net/networks.h"

#include <algorithm>
#include <functional>
#include <map>

#include "base/text.h"

namespace edge::net {
namespace {

constexpr unsigned kMappedBits = 96;

Ip::Bytes masked(Ip::Bytes bytes, unsigned bits) noexcept {
  for (unsigned i = 0; i < bytes.size(); ++i) {
    const unsigned kept = std::min(bits > 8 * i ? bits - 8 * i : 0u, 8u);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & (0xFF00u >> kept));
  }
  return bytes;
}

}  // namespace

Result<Network> parse_network(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto address = try_ip(text.substr(0, slash));
  if (!address)
    return fail(ErrorCode::Malformed,
                "not a network: '" + std::string(text) + "'; write one such as 192.0.2.0/24 or 2001:db8::/32");
  const bool is_short = address->is_ipv4() && text.find(':') == std::string_view::npos;
  const unsigned bits_max = is_short ? 32 : 128;
  const auto bits =
      slash == text.size() ? std::optional<std::uint64_t>{bits_max} : try_unsigned(text.substr(slash + 1));
  if (!bits || *bits > bits_max)
    return fail(ErrorCode::Malformed, "not a network: '" + std::string(text) + "'; write 0 to " +
                                          std::to_string(bits_max) + " after the slash");
  const unsigned prefix = static_cast<unsigned>(*bits) + (is_short ? kMappedBits : 0);
  const Ip first(masked(address->bytes(), prefix));
  if (first != *address)
    return fail(ErrorCode::Malformed, "not the first address of its network: '" + std::string(text) + "'; write " +
                                          first.text() + "/" + std::to_string(*bits));
  return Network{first, static_cast<std::uint8_t>(prefix)};
}

Networks::Networks(std::span<const Network> networks) {
  std::map<std::uint8_t, std::vector<Ip::Bytes>, std::greater<>> by_length;
  for (const Network& network : networks) by_length[network.prefix_bits].push_back(network.first.bytes());
  for (auto& [bits, firsts] : by_length) {
    std::ranges::sort(firsts);
    lengths_.push_back({bits, std::move(firsts)});
  }
}

std::optional<std::uint8_t> Networks::longest_match(const Ip& address) const noexcept {
  for (const Length& length : lengths_)
    if (std::ranges::binary_search(length.firsts, masked(address.bytes(), length.bits))) return length.bits;
  return std::nullopt;
}

}  // namespace edge::net
