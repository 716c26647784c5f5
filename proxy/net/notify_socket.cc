#include "net/notify_socket.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>

namespace edge::net {
namespace {

constexpr timeval kPatience{.tv_sec = 1, .tv_usec = 0};

Failure system_failure(const std::string& what) {
  return fail(ErrorCode::System, what + ": " + std::error_code(errno, std::generic_category()).message());
}

}  // namespace

Result<NotifySocket> NotifySocket::open(std::string_view place) {
  NotifySocket made;
  made.place_ = place;
  const bool is_abstract = place.starts_with('@');
  if (place.size() < 2 || (!is_abstract && !place.starts_with('/')) || place.size() >= sizeof made.address_.sun_path)
    return fail(ErrorCode::Malformed, "not the socket of a service manager: '" + made.place_ +
                                          "'; it is an absolute path, or @ and a name, of at most 107 bytes");
  made.address_.sun_family = AF_UNIX;
  std::ranges::copy(place, made.address_.sun_path);
  if (is_abstract) made.address_.sun_path[0] = '\0';
  // The zero at the end of a path may count; one at the end of an abstract name would be part of it.
  made.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.size());
  made.socket_ = Socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!made.socket_.is_open()) return system_failure("cannot make a socket for " + made.place_);
  setsockopt(made.socket_.fd(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  return made;
}

Status NotifySocket::send(std::string_view lines) const {
  ssize_t sent = 0;
  do {
    sent = sendto(socket_.fd(), lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address_),
                  length_);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return system_failure("cannot tell " + place_);
  return {};
}

}  // namespace edge::net
