#include "origin/http1_connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <system_error>

#include "base/check.h"

namespace edge::origin {

Http1Connection::Http1Connection(event::EventLoop& loop, int fd, OriginUrlRef url, Instant made_at)
    : url_(std::move(url)), made_at_(made_at), fd_(fd), loop_(loop), reader_(loop, fd, event::Watch::Readable, [this] {
        user_->on_readable(*this);
      }) {
  reader_.arm();
}

Http1Connection::~Http1Connection() {
  stop();
  ::close(fd_);
}

Http1Connection::Received Http1Connection::receive(std::span<char> into) {
  const ssize_t bytes = ::recv(fd_, into.data(), into.size(), MSG_DONTWAIT);
  if (bytes > 0) return {Io::Ok, static_cast<std::size_t>(bytes)};
  if (bytes == 0) return {Io::EndOfFile};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {Io::WouldBlock};
  error_ = errno;
  return {Io::Broken};
}

std::size_t Http1Connection::send(std::string_view bytes) {
  const ssize_t taken = ::send(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (taken == static_cast<ssize_t>(bytes.size())) {
    if (writer_) writer_->disarm();
    return bytes.size();
  }
  if (taken < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
    if (writer_) writer_->disarm();
    return 0;
  }
  if (!writer_)
    writer_ = std::make_unique<event::Watch>(loop_, fd_, event::Watch::Writable, [this] { user_->on_writable(*this); });
  writer_->arm();
  return taken < 0 ? 0 : static_cast<std::size_t>(taken);
}

void Http1Connection::stop() {
  reader_.disarm();
  if (writer_) writer_->disarm();
}

std::string Http1Connection::problem() const { return std::system_category().message(error_); }

}  // namespace edge::origin
