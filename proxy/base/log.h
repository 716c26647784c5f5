// The plain log: one line an event, for operators. Lines go to a bounded queue and are written by a thread of their
// own, so no loop ever waits for a disk; when the queue is full the oldest lines are dropped and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace edge {

enum class LogLevel { Debug, Info, Warning, Error };

struct LogOptions {
  LogLevel level = LogLevel::Info;
  std::string file = "-";  // A path, or - for standard error.
  std::uint32_t per_second_max =
      100;  // Lines of one kind (one call site's `event`) in a second; more are counted and summed up in one line.
};

// Starts the writer. Before it, and after stop_log, lines go straight to standard error. Called by main's thread.
void start_log(const LogOptions& options);
// Level and rate may change while running; the file may not.
void reload_log(const LogOptions& options);
// Writes what is queued and joins the writer.
void stop_log();

// Thread-safe; never blocks. `event` is a constant such as "config.reloaded"; the text is one sentence without a
// full stop; control characters in it are escaped.
void log(LogLevel level, std::string_view event, std::string_view text);

inline void log_info(std::string_view event, std::string_view text) { log(LogLevel::Info, event, text); }
inline void log_warning(std::string_view event, std::string_view text) { log(LogLevel::Warning, event, text); }
inline void log_error(std::string_view event, std::string_view text) { log(LogLevel::Error, event, text); }

// Writes finished lines (the access log) to a file of their own, the same way.
class LineWriter {
 public:
  virtual ~LineWriter() = default;
  // Thread-safe; never blocks. `line` has no newline.
  virtual void write(std::string_view line) = 0;
  // Opens the file again under its name (log rotation).
  virtual void reopen() = 0;
};

// Lines dropped so far because a queue was full or a kind was too frequent.
std::uint64_t log_lines_dropped() noexcept;

}  // namespace edge
