// UNIX sockets: the file that one listens at, and who has connected.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "net/socket.h"

namespace edge::net {

// The file of a listening UNIX socket; taken away with its owner, unless another has taken its place since.
class SocketFile {
 public:
  SocketFile() = default;
  SocketFile(std::string path, dev_t device, ino_t number) : path_(std::move(path)), device_(device), number_(number) {}
  SocketFile(SocketFile&& other) noexcept
      : path_(std::exchange(other.path_, {})), device_(other.device_), number_(other.number_) {}
  SocketFile& operator=(SocketFile&& other) noexcept;
  ~SocketFile() { remove(); }

  // Leaves the file to another process that listens by the same socket.
  void keep() noexcept { path_.clear(); }

 private:
  void remove() noexcept;

  std::string path_;  // Empty: none.
  dev_t device_ = 0;
  ino_t number_ = 0;
};

struct UnixListener {
  Socket socket;
  SocketFile file;
};

// A listening socket, non-blocking, whose file has the permissions `mode`, and at no time more. Replaces the file of a
// socket at which nobody listens any more; fails where somebody does, and where the file is something else.
Result<UnixListener> listen_on_unix(const Address& address, mode_t mode);

// Of the process at the other end of a UNIX socket, when it connected; nothing of others.
std::optional<uid_t> peer_uid(const Socket& socket) noexcept;

}  // namespace edge::net
