#include "origin/http1_connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <system_error>

#include "base/check.h"

namespace edge::origin {
namespace {

// There is nothing to read, or no room to write, just now.
bool is_passing(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Http1Connection::Descriptor::~Descriptor() { ::close(fd); }

Http1Connection::Http1Connection(event::EventLoop& loop, int fd, OriginUrlRef url, const Made& made)
    : url_(std::move(url)),
      made_(made),
      descriptor_{fd},
      loop_(loop),
      reader_(loop, fd, event::Watch::Readable, [this] { user_->on_readable(*this); }) {
  reader_.arm();
}

// The error of a socket is told once, perhaps to send().
Http1Connection::Received Http1Connection::receive(std::span<char> into) {
  const ssize_t bytes = ::recv(descriptor_.fd, into.data(), into.size(), MSG_DONTWAIT);
  if (bytes > 0) return {Io::Ok, static_cast<std::size_t>(bytes)};
  if (bytes == 0) return {error_ == 0 ? Io::EndOfFile : Io::Broken};
  if (is_passing(errno)) return {Io::WouldBlock};
  error_ = errno;
  return {Io::Broken};
}

bool Http1Connection::is_quiet() const {
  char first = 0;
  return ::recv(descriptor_.fd, &first, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && is_passing(errno);
}

std::size_t Http1Connection::send(std::string_view bytes) {
  const ssize_t taken = ::send(descriptor_.fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  const bool has_failed = taken < 0 && !is_passing(errno);
  if (has_failed || taken == static_cast<ssize_t>(bytes.size())) {
    if (writer_) writer_->disarm();
    if (!has_failed) return bytes.size();
    error_ = errno;
    ::shutdown(descriptor_.fd, SHUT_RD);  // Whatever it was, the reader wakes up.
    return 0;
  }
  if (!writer_)
    writer_ = std::make_unique<event::Watch>(loop_, descriptor_.fd, event::Watch::Writable,
                                             [this] { user_->on_writable(*this); });
  writer_->arm();
  return taken < 0 ? 0 : static_cast<std::size_t>(taken);
}

void Http1Connection::stop() {
  reader_.disarm();
  if (writer_) writer_->disarm();
}

std::string Http1Connection::problem() const { return std::system_category().message(error_); }

}  // namespace edge::origin
