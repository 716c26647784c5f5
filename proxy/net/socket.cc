#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>

namespace edge::net {
namespace {

constexpr int kBacklog = 4096;  // The kernel cuts it to net.core.somaxconn.

IoResult failed() noexcept {
  return {errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? IoResult::WouldBlock : IoResult::Broken, 0};
}

Failure refused(const Address& address, std::string_view step) {
  return fail(ErrorCode::System, std::string(step) + " " + address.text() + ": " +
                                     std::error_code(errno, std::generic_category()).message());
}

void enable(const Socket& socket, int level, int option) {
  const int on = 1;
  setsockopt(socket.fd(), level, option, &on, sizeof on);
}

}  // namespace

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

IoResult read_some(const Socket& socket, std::span<char> into) noexcept {
  const ssize_t n = recv(socket.fd(), into.data(), into.size(), 0);
  if (n > 0) return {IoResult::Ok, static_cast<std::size_t>(n)};
  return n == 0 ? IoResult{IoResult::EndOfFile, 0} : failed();
}

IoResult peek_some(const Socket& socket, std::span<char> into) noexcept {
  const ssize_t n = recv(socket.fd(), into.data(), into.size(), MSG_PEEK);
  if (n > 0) return {IoResult::Ok, static_cast<std::size_t>(n)};
  return n == 0 ? IoResult{IoResult::EndOfFile, 0} : failed();
}

IoResult write_some(const Socket& socket, std::span<const iovec> pieces) noexcept {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  const ssize_t n = sendmsg(socket.fd(), &message, MSG_NOSIGNAL);
  return n >= 0 ? IoResult{IoResult::Ok, static_cast<std::size_t>(n)} : failed();
}

void wait_writable(const Socket& socket, std::chrono::milliseconds at_most) noexcept {
  pollfd writable{socket.fd(), POLLOUT, 0};
  poll(&writable, 1, static_cast<int>(std::min<std::chrono::milliseconds::rep>(at_most.count(), INT_MAX)));
}

void shutdown_writes(const Socket& socket) noexcept { shutdown(socket.fd(), SHUT_WR); }

void reset_when_closed(const Socket& socket) noexcept {
  const linger none{.l_onoff = 1, .l_linger = 0};
  setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
}

Result<Socket> listen_on(const Address& address, bool share_port) {
  Socket socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return refused(address, "cannot make a socket for");
  enable(socket, SOL_SOCKET, SO_REUSEADDR);
  if (share_port) enable(socket, SOL_SOCKET, SO_REUSEPORT);
  if (address.family() == AF_INET6) enable(socket, IPPROTO_IPV6, IPV6_V6ONLY);
  // Accepted sockets inherit it, which saves a call for each.
  enable(socket, IPPROTO_TCP, TCP_NODELAY);
  if (bind(socket.fd(), address.raw(), address.raw_length()) != 0) return refused(address, "cannot listen on");
  if (listen(socket.fd(), kBacklog) != 0) return refused(address, "cannot listen on");
  return socket;
}

Result<Socket> duplicate(const Socket& socket) {
  Socket copy(fcntl(socket.fd(), F_DUPFD_CLOEXEC, 0));
  if (!copy.is_open()) return refused(local_address(socket), "cannot share the socket of");
  return copy;
}

Result<std::pair<Socket, Socket>> socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
    return fail(ErrorCode::System,
                "cannot make a pair of sockets: " + std::error_code(errno, std::generic_category()).message());
  return std::pair{Socket(ends[0]), Socket(ends[1])};
}

Socket adopt(int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  return Socket(fd);
}

Address local_address(const Socket& socket) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&storage), &length);
  return Address(storage, length);
}

}  // namespace edge::net
