#include "net/inherited_sockets.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace edge::net {
namespace {

bool listens(const Socket& socket) {
  int is_listening = 0, type = 0;
  socklen_t length = sizeof(int);
  if (getsockopt(socket.fd(), SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &length) != 0 || is_listening == 0)
    return false;
  if (getsockopt(socket.fd(), SOL_SOCKET, SO_TYPE, &type, &length) != 0 || type != SOCK_STREAM) return false;
  const int family = local_address(socket).family();
  return family == AF_INET || family == AF_INET6 || family == AF_UNIX;
}

// As listen_on makes its own.
void prepare(const Socket& socket) {
  fcntl(socket.fd(), F_SETFD, FD_CLOEXEC);
  fcntl(socket.fd(), F_SETFL, fcntl(socket.fd(), F_GETFL) | O_NONBLOCK);
  const int on = 1;
  setsockopt(socket.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

// Takes the first of the names off.
std::string next_name(std::string_view& names) {
  const std::size_t colon = std::min(names.find(':'), names.size());
  std::string name(names.substr(0, colon));
  names.remove_prefix(std::min(colon + 1, names.size()));
  return name.empty() ? "unnamed" : name;
}

}  // namespace

Result<InheritedSockets> InheritedSockets::adopt(int first, int count, std::string_view names) {
  if (count < 0 || count > kCountMax)
    return fail(ErrorCode::Malformed,
                std::to_string(count) + " inherited sockets; at most " + std::to_string(kCountMax) + " can be of use");
  InheritedSockets made;
  for (int fd = first; fd < first + count; ++fd) {
    made.sockets_.push_back({Socket(fd), {}, next_name(names)});
    Inherited& one = made.sockets_.back();
    if (!listens(one.socket))
      return fail(ErrorCode::Malformed, "the inherited descriptor " + std::to_string(fd) + " (" + one.name +
                                            ") is not a stream socket that listens; write ListenStream=ADDRESS:PORT, "
                                            "and not Accept=yes, in the unit that opens it");
    prepare(one.socket);
    one.address = local_address(one.socket).text();
  }
  return made;
}

std::vector<Socket> InheritedSockets::take(const Address& address) {
  std::vector<Socket> taken;
  const std::string wanted = address.text();
  for (Inherited& one : sockets_)
    if (one.address == wanted) taken.push_back(std::move(one.socket));
  std::erase_if(sockets_, [](const Inherited& one) { return !one.socket.is_open(); });
  return taken;
}

std::vector<std::string> InheritedSockets::left() const {
  std::vector<std::string> texts;
  for (const Inherited& one : sockets_) texts.push_back(one.address + " (" + one.name + ")");
  return texts;
}

}  // namespace edge::net
