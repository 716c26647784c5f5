// Sockets. Above this folder there is no errno.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <span>
#include <utility>

#include "base/result.h"
#include "net/address.h"

namespace edge::net {

// Owns a file descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int fd) noexcept : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();

  int fd() const noexcept { return fd_; }
  bool is_open() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// What one read or write came to.
struct IoResult {
  enum State { Ok, WouldBlock, EndOfFile, Broken };
  State state = Ok;
  std::size_t bytes = 0;  // More than 0 only with Ok.
};

IoResult read_some(const Socket& socket, std::span<char> into) noexcept;
// What the next read_some would bring, which still does.
IoResult peek_some(const Socket& socket, std::span<char> into) noexcept;
// Never raises SIGPIPE.
IoResult write_some(const Socket& socket, std::span<const iovec> pieces) noexcept;
// Waits for room to write, or for what makes that fail; not on a thread that has other work.
void wait_writable(const Socket& socket, std::chrono::milliseconds at_most) noexcept;
// Tells the other side that nothing more will come; reading goes on.
void shutdown_writes(const Socket& socket) noexcept;
// Its end will be an error to the other side, whatever it has read.
void reset_when_closed(const Socket& socket) noexcept;

// A listening socket, non-blocking. With `share_port`, several sockets may listen on one address and the kernel deals
// connections out among them.
Result<Socket> listen_on(const Address& address, bool share_port);
// Another descriptor of the same listening socket: who accepts from the one takes from the other's queue.
Result<Socket> duplicate(const Socket& socket);
// Two ends of a stream between processes of this machine, non-blocking, not inherited by children.
Result<std::pair<Socket, Socket>> socket_pair();
// A descriptor that was inherited, likewise.
Socket adopt(int fd);
// Where a listening socket really listens (port 0 was replaced by the kernel).
Address local_address(const Socket& socket);

}  // namespace edge::net
