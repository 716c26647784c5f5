// The plain log: one line an event, for operators. Lines go to a bounded queue and are written by a thread of their
// own, so no loop ever waits for a disk; when the queue is full the oldest lines are dropped and counted.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace edge {

enum class LogLevel { Debug, Info, Warning, Error };

struct LogOptions {
  LogLevel level = LogLevel::Info;
  std::string file = "-";  // A path, or - for standard error.
  // Lines of one kind (one call site's `event`) in a second; more are counted and summed up in one line. 0: no limit.
  std::uint32_t per_second_max = 100;
};

// Starts the writer. Before it, and after stop_log, lines go straight to standard error, at any rate. Called by main's
// thread, once, until stop_log. Fails when the file cannot be opened; the message names path and reason.
Status start_log(const LogOptions& options);
// Level and rate may change while running; the file may not, but it is opened again under its name (log rotation).
void reload_log(const LogOptions& options);
// The file is opened again under its name (log rotation), soon, by the writer's thread, which then says so by the line
// log.reopened: from that line on nothing goes to the old file.
void reopen_log();
// Writes what is queued and joins the writer. Does nothing where none runs.
void stop_log();

// Thread-safe; never blocks. `event` is a constant such as "config.reloaded"; the text is one sentence without a
// full stop; control characters in it are escaped.
void log(LogLevel level, std::string_view event, std::string_view text);

inline void log_info(std::string_view event, std::string_view text) { log(LogLevel::Info, event, text); }
inline void log_warning(std::string_view event, std::string_view text) { log(LogLevel::Warning, event, text); }
inline void log_error(std::string_view event, std::string_view text) { log(LogLevel::Error, event, text); }

// Writes finished lines (the access log) to a file of their own, the same way. Destroying it writes what is queued;
// nobody may be in write() then. Trouble with the file is told to the plain log, once until it is over.
class LineWriter {
 public:
  virtual ~LineWriter() = default;
  // Thread-safe; never blocks. `line` has no newline.
  virtual void write(std::string_view line) = 0;
  // Opens the file again under its name (log rotation). Thread-safe; soon done by the writer's thread, which then says
  // so in the plain log by the line log.reopened: what is written after that goes to the new file.
  virtual void reopen() = 0;
};

// `path` is a file or - for standard output. Fails when the file cannot be opened; the message names path and reason.
Result<std::unique_ptr<LineWriter>> make_line_writer(std::string path);

// Lines dropped so far, of all writers: a queue was full, a kind was too frequent, or the file refused them.
std::uint64_t log_lines_dropped() noexcept;

}  // namespace edge
