#include "net/ip.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace edge::net {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

}  // namespace

Ip::Ip(const Address& address) noexcept {
  if (address.family() == AF_INET) {
    std::ranges::copy(kMapped, bytes_.begin());
    std::memcpy(bytes_.data() + kMapped.size(), &reinterpret_cast<const sockaddr_in*>(address.raw())->sin_addr, 4);
  } else if (address.family() == AF_INET6) {
    std::memcpy(bytes_.data(), &reinterpret_cast<const sockaddr_in6*>(address.raw())->sin6_addr, bytes_.size());
  }
}

bool Ip::is_ipv4() const noexcept { return std::equal(kMapped.begin(), kMapped.end(), bytes_.begin()); }

bool Ip::is_loopback() const noexcept {
  if (is_ipv4()) return bytes_[12] == 127;
  Bytes loopback{};
  loopback.back() = 1;
  return bytes_ == loopback;
}

std::string Ip::text() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (is_ipv4())
    inet_ntop(AF_INET, bytes_.data() + kMapped.size(), text, sizeof text);
  else
    inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

std::string_view Ip::client_key() const noexcept {
  constexpr std::size_t kSiteBytes = 8;
  return {reinterpret_cast<const char*>(bytes_.data()), is_ipv4() ? bytes_.size() : kSiteBytes};
}

std::optional<Ip> try_ip(std::string_view text) noexcept {
  char terminated[INET6_ADDRSTRLEN];
  if (text.empty() || text.size() >= sizeof terminated) return std::nullopt;
  std::ranges::copy(text, terminated);
  terminated[text.size()] = '\0';
  Ip::Bytes bytes{};
  if (inet_pton(AF_INET6, terminated, bytes.data()) == 1) return Ip(bytes);
  std::ranges::copy(kMapped, bytes.begin());
  if (inet_pton(AF_INET, terminated, bytes.data() + kMapped.size()) == 1) return Ip(bytes);
  return std::nullopt;
}

}  // namespace edge::net
