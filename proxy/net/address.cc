#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <cstring>

#include "base/text.h"

namespace edge::net {
namespace {

const sockaddr_in& as_v4(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in&>(storage); }
const sockaddr_in6& as_v6(const sockaddr_storage& storage) { return reinterpret_cast<const sockaddr_in6&>(storage); }

static_assert(sizeof(sockaddr_un::sun_path) == kUnixPathBytesMax + 1);

Result<Address> parse_unix_path(std::string_view path) {
  if (!path.starts_with('/') || path.find('\0') != std::string_view::npos)
    return fail(ErrorCode::Malformed, "not the path of a UNIX socket: '" + std::string(path) +
                                          "'; write an absolute one, such as unix:/run/avatar-edge/admin.sock");
  if (path.size() > kUnixPathBytesMax)
    return fail(ErrorCode::Malformed, "the path of the UNIX socket has " + std::to_string(path.size()) +
                                          " bytes; the kernel has room for " + std::to_string(kUnixPathBytesMax));
  sockaddr_storage storage{};
  auto& local = reinterpret_cast<sockaddr_un&>(storage);
  local.sun_family = AF_UNIX;
  path.copy(local.sun_path, path.size());
  return Address(storage, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
}

}  // namespace

std::uint16_t Address::port() const noexcept {
  if (is_unix()) return 0;
  return ntohs(family() == AF_INET6 ? as_v6(storage_).sin6_port : as_v4(storage_).sin_port);
}

bool Address::is_loopback() const noexcept {
  if (family() == AF_INET) return (ntohl(as_v4(storage_).sin_addr.s_addr) >> 24) == 127;
  if (family() != AF_INET6) return false;
  const in6_addr& address = as_v6(storage_).sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[12] == 127);
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    inet_ntop(AF_INET, &as_v4(storage_).sin_addr, text, sizeof text);
  } else if (family() == AF_INET6) {
    const in6_addr& address = as_v6(storage_).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&address)) {
      inet_ntop(AF_INET, &address.s6_addr[12], text, sizeof text);
    } else {
      inet_ntop(AF_INET6, &address, text, sizeof text);
    }
  }
  return text;
}

std::string Address::unix_path() const {
  constexpr std::size_t kHead = offsetof(sockaddr_un, sun_path);
  if (!is_unix() || length_ <= kHead) return {};
  const char* const path = reinterpret_cast<const sockaddr_un&>(storage_).sun_path;
  return {path, strnlen(path, length_ - kHead)};
}

std::string Address::text() const {
  if (is_unix()) return std::string(kUnixPrefix) + unix_path();
  const std::string shown = host();
  const std::string port_text = std::to_string(port());
  return shown.find(':') == std::string::npos ? shown + ":" + port_text : "[" + shown + "]:" + port_text;
}

Result<Address> parse_address(std::string_view text) {
  const auto malformed = [&] {
    return fail(ErrorCode::Malformed,
                "not an address: '" + std::string(text) + "'; write 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080");
  };
  if (text.starts_with(kUnixPrefix)) return parse_unix_path(text.substr(kUnixPrefix.size()));
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();
  const auto port = try_unsigned(text.substr(colon + 1));
  if (!port || *port > 65535) return malformed();
  std::string host(text.substr(0, colon));
  sockaddr_storage storage{};
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(*port));
    host = host.substr(1, host.size() - 2);
    if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return malformed();
    return Address(storage, sizeof v6);
  }
  auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<std::uint16_t>(*port));
  if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return malformed();
  return Address(storage, sizeof v4);
}

}  // namespace edge::net
