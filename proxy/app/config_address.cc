#include "app/config_address.h"

#include <arpa/inet.h>

#include <string>

#include "app/config_problem.h"
#include "base/text.h"

namespace edge::app {
namespace {

constexpr std::string_view kForms = "; write IPv4:port or [IPv6]:port, such as 127.0.0.1:8080 or [::1]:8080";

Failure malformed(std::string_view text) {
  return fail(ErrorCode::Malformed, "not an address: " + quote(text) + std::string(kForms));
}

}  // namespace

bool SocketAddress::is_loopback() const noexcept {
  if (!is_ipv6) return ip[0] == 127;
  std::array<std::uint8_t, 16> loopback{};
  loopback.back() = 1;
  return ip == loopback;
}

Result<SocketAddress> parse_socket_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed(text);
  const std::string_view digits = text.substr(colon + 1);
  const auto port = try_unsigned(digits);
  if (!port || digits.size() > 5 || *port > 65'535) {
    const bool is_unbracketed = text.find(':') != colon && text.find(']') == std::string_view::npos;
    if (is_unbracketed) return malformed(text);
    return fail(ErrorCode::Malformed, "not a port: " + quote(digits) + " in " + quote(text) + "; write 0 to 65535");
  }

  SocketAddress address;
  address.port = static_cast<std::uint16_t>(*port);
  std::string_view host = text.substr(0, colon);
  address.is_ipv6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (address.is_ipv6) host = host.substr(1, host.size() - 2);
  if (inet_pton(address.is_ipv6 ? AF_INET6 : AF_INET, std::string(host).c_str(), address.ip.data()) != 1)
    return malformed(text);
  return address;
}

bool overlaps(const SocketAddress& a, const SocketAddress& b) noexcept {
  if (a.port == 0 || a.port != b.port || a.is_ipv6 != b.is_ipv6) return false;
  return a.ip == b.ip || a.is_any() || b.is_any();
}

}  // namespace edge::app
