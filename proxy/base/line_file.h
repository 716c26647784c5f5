// A file that lines are appended to.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace edge {

// Buffered; used by one thread at a time. Lines that the operating system refuses are dropped and counted, so a full
// disk costs lines and nothing else. What it owns is one descriptor, except for standard output and standard error.
class LineFile {
 public:
  // Creates the file where there is none (mode 0640). "-" means `standard_fd`, which stays open for others. Each
  // dropped line is added to `dropped`, which outlives the file.
  static Result<LineFile> open(std::string path, int standard_fd, std::atomic<std::uint64_t>& dropped);
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&&) = delete;
  ~LineFile();

  // Takes the line and a newline; writes only when the buffer is full. Not ok: lines were dropped, and why.
  Status append(std::string_view line);
  Status flush();
  // Opens the path again (log rotation); goes on with the old file where that fails.
  Status reopen();

  const std::string& path() const noexcept { return path_; }
  // Standard output or standard error, which cannot be opened again.
  bool is_standard() const noexcept { return !owns_fd_; }

 private:
  LineFile(std::string path, int fd, bool owns_fd, std::atomic<std::uint64_t>& dropped);

  std::string path_;
  int fd_;
  bool owns_fd_;
  bool ends_inside_line_ = false;  // A write was cut short; what comes next begins with a newline of its own.
  std::string buffer_;
  std::atomic<std::uint64_t>& dropped_;
};

}  // namespace edge
