#include "net/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace edge::net {
namespace {

constexpr int kBacklog = 128;  // Operators and scrapers are few.

Failure refused(const Address& address, std::string_view why) {
  return fail(ErrorCode::System, "cannot listen on " + address.text() + ": " + std::string(why));
}

Failure refused(const Address& address) { return refused(address, std::generic_category().message(errno)); }

// Takes away the file of a process that has ended without doing so.
Status clear_way(const Address& address) {
  const std::string path = address.unix_path();
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return {};  // Nothing is there, or else bind will say why not.
  if (!S_ISSOCK(info.st_mode)) return refused(address, "a file is there that is no socket");
  const Socket probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!probe.is_open()) return refused(address);
  if (connect(probe.fd(), address.raw(), address.raw_length()) == 0 || errno == EAGAIN)
    return refused(address, "somebody listens there already");
  if (errno != ECONNREFUSED) return refused(address);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return refused(address);
  return {};
}

}  // namespace

SocketFile& SocketFile::operator=(SocketFile&& other) noexcept {
  if (this == &other) return *this;
  remove();
  path_ = std::exchange(other.path_, {});
  device_ = other.device_;
  number_ = other.number_;
  return *this;
}

void SocketFile::remove() noexcept {
  struct stat info {};
  if (path_.empty() || lstat(path_.c_str(), &info) != 0) return;
  if (info.st_dev == device_ && info.st_ino == number_) unlink(path_.c_str());
}

Result<UnixListener> listen_on_unix(const Address& address, mode_t mode) {
  if (const Status clear = clear_way(address); !clear) return Failure{clear.error()};
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return refused(address);
  // The file begins with the mode of the socket less the umask, so there is no moment in which others may connect; then
  // it gets what the umask has taken.
  if (fchmod(socket.fd(), mode) != 0) return refused(address);
  if (bind(socket.fd(), address.raw(), address.raw_length()) != 0) return refused(address);
  const std::string path = address.unix_path();
  struct stat info {};
  if (lstat(path.c_str(), &info) != 0) return refused(address);
  SocketFile file(path, info.st_dev, info.st_ino);
  if (chmod(path.c_str(), mode) != 0 || listen(socket.fd(), kBacklog) != 0) return refused(address);
  return UnixListener{std::move(socket), std::move(file)};
}

std::optional<uid_t> peer_uid(const Socket& socket) noexcept {
  ucred peer{};
  socklen_t length = sizeof peer;
  // Of a TCP socket it is that of nobody.
  if (getsockopt(socket.fd(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.pid == 0) return std::nullopt;
  return peer.uid;
}

}  // namespace edge::net
