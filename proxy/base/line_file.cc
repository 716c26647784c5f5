#include "base/line_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace edge {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;

Failure failure(std::string_view what, const std::string& path, int error_number) {
  const std::string_view name = path == "-" ? std::string_view("the standard stream") : std::string_view(path);
  std::string message = "cannot ";
  message.append(what).append(" ").append(name).append(": ");
  return fail(ErrorCode::System, message + std::generic_category().message(error_number));
}

Result<int> open_for_append(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return failure("open", path, errno);
  return fd;
}

}  // namespace

Result<LineFile> LineFile::open(std::string path, int standard_fd, std::atomic<std::uint64_t>& dropped) {
  if (path == "-") return LineFile(std::move(path), standard_fd, false, dropped);
  const Result<int> fd = open_for_append(path);
  if (!fd) return Failure{fd.error()};
  return LineFile(std::move(path), *fd, true, dropped);
}

LineFile::LineFile(std::string path, int fd, bool owns_fd, std::atomic<std::uint64_t>& dropped)
    : path_(std::move(path)), fd_(fd), owns_fd_(owns_fd), dropped_(dropped) {
  buffer_.reserve(kBufferBytes);
}

LineFile::LineFile(LineFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(other.fd_),
      owns_fd_(std::exchange(other.owns_fd_, false)),
      ends_inside_line_(other.ends_inside_line_),
      buffer_(std::exchange(other.buffer_, {})),
      dropped_(other.dropped_) {}

LineFile::~LineFile() {
  static_cast<void>(flush());
  if (owns_fd_) ::close(fd_);
}

Status LineFile::append(std::string_view line) {
  Status status;
  if (buffer_.size() + line.size() >= kBufferBytes) status = flush();
  buffer_.append(line);
  buffer_ += '\n';
  return status;
}

Status LineFile::flush() {
  if (buffer_.empty()) return {};
  if (ends_inside_line_) buffer_.insert(buffer_.begin(), '\n');
  std::string_view rest = buffer_;
  int error_number = 0;
  while (!rest.empty() && error_number == 0) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0)
      rest.remove_prefix(static_cast<std::size_t>(written));
    else if (errno != EINTR)
      error_number = errno;
  }
  if (rest.size() < buffer_.size()) ends_inside_line_ = buffer_[buffer_.size() - rest.size() - 1] != '\n';
  const bool repair_is_unwritten = ends_inside_line_ && rest.size() == buffer_.size();
  const auto newlines = static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n'));
  buffer_.clear();
  if (error_number == 0) return {};
  dropped_.fetch_add(newlines - (repair_is_unwritten ? 1 : 0), std::memory_order_relaxed);
  return failure("write to", path_, error_number);
}

Status LineFile::reopen() {
  if (!owns_fd_) return {};
  const Result<int> fd = open_for_append(path_);
  if (!fd) return Failure{fd.error()};
  const Status status = flush();
  ::close(std::exchange(fd_, *fd));
  ends_inside_line_ = false;
  return status;
}

}  // namespace edge
