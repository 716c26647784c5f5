#include "base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/line_file.h"
#include "base/log_line.h"
#include "base/log_rate.h"
#include "base/mutex.h"

namespace edge {
namespace {

constexpr std::size_t kQueueLines = 8192;

using ThreadPool = spdlog::details::thread_pool;

// The end of a queue: its methods run on the queue's thread. Lines are written when the queue is empty or the file's
// buffer is full, so a busy log costs few system calls and a quiet one is never late.
class FileSink final : public spdlog::sinks::sink {
 public:
  using TellTrouble = void (*)(std::string_view text);

  FileSink(LineFile file, TellTrouble tell_trouble) : file_(std::move(file)), tell_trouble_(tell_trouble) {}
  ~FileSink() override { note(file_.flush()); }

  // Before the first line.
  void watch(ThreadPool& queue) noexcept { queue_ = &queue; }
  // From any thread.
  void ask_reopen() noexcept { reopen_asked_.store(true, std::memory_order_relaxed); }

  void log(const spdlog::details::log_msg& message) override {
    reopen_if_asked();
    // That a line was buffered does not say that the trouble is over.
    if (const Status appended = file_.append({message.payload.data(), message.payload.size()}); !appended)
      note(appended);
    if (queue_->queue_size() == 0) note(file_.flush());
  }
  void flush() override {
    reopen_if_asked();
    note(file_.flush());
  }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  void reopen_if_asked() {
    if (!reopen_asked_.exchange(false, std::memory_order_relaxed)) return;
    const Status reopened = file_.reopen();
    note(reopened);
    // A line in this very queue, where it is the plain log's.
    if (reopened && !file_.is_standard()) log_info("log.reopened", "'" + file_.path() + "'");
  }
  // Trouble is told once until it is over: telling may be a line in this very queue.
  void note(const Status& status) {
    const bool was_troubled = std::exchange(is_troubled_, !status);
    if (!status && !was_troubled) tell_trouble_(status.error().message);
  }

  LineFile file_;
  const TellTrouble tell_trouble_;
  ThreadPool* queue_ = nullptr;
  bool is_troubled_ = false;
  std::atomic<bool> reopen_asked_{false};
};

class AsyncFile;

// What was dropped, by all writers there are and were. Never destroyed: a line may be written while the process ends.
struct Dropped {
  std::atomic<std::uint64_t> lines{0};
  Mutex mutex;
  std::vector<AsyncFile*> running EDGE_GUARDED_BY(mutex);  // Each has overruns of its own, not in `lines`.
};
Dropped& dropped() {
  static Dropped& dropped = *new Dropped;
  return dropped;
}

// A bounded queue of lines, the thread that empties it, and the file they go to.
class AsyncFile final : public LineWriter {
 public:
  AsyncFile(LineFile file, FileSink::TellTrouble tell_trouble)
      : sink_(std::make_shared<FileSink>(std::move(file), tell_trouble)),
        queue_(std::make_shared<ThreadPool>(kQueueLines, 1)),
        logger_(
            std::make_shared<spdlog::async_logger>("", sink_, queue_, spdlog::async_overflow_policy::overrun_oldest)) {
    sink_->watch(*queue_);
    const MutexLock lock(dropped().mutex);
    dropped().running.push_back(this);
  }
  ~AsyncFile() override {
    const MutexLock lock(dropped().mutex);
    std::erase(dropped().running, this);
    dropped().lines += overruns();
  }

  void write(std::string_view line) override {
    try {
      logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
    } catch (...) {  // The library's boundary: no memory for the line.
      dropped().lines.fetch_add(1, std::memory_order_relaxed);
    }
  }
  void reopen() override {
    sink_->ask_reopen();
    try {
      logger_->flush();
    } catch (...) {  // The next line brings it about.
    }
  }
  std::uint64_t overruns() const { return queue_->overrun_counter(); }

 private:
  const std::shared_ptr<FileSink> sink_;
  const std::shared_ptr<ThreadPool> queue_;
  const std::shared_ptr<spdlog::async_logger> logger_;
};

void write_straight_to_stderr(std::string line) {
  line += '\n';
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) dropped().lines.fetch_add(1, std::memory_order_relaxed);
}

// The trouble of the plain log itself: it has no other place to go.
void tell_stderr(std::string_view text) {
  std::string line;
  append_log_line(line, SystemClock{}.wall(), LogLevel::Error, "log.write_failed", text);
  write_straight_to_stderr(std::move(line));
}

void tell_plain_log(std::string_view text) { log_error("log.write_failed", text); }

Result<std::unique_ptr<AsyncFile>> make_async_file(std::string path, int standard_fd, FileSink::TellTrouble tell) {
  Result<LineFile> file = LineFile::open(std::move(path), standard_fd, dropped().lines);
  if (!file) return Failure{file.error()};
  try {
    return std::make_unique<AsyncFile>(*std::move(file), tell);
  } catch (const std::exception& error) {  // The library's boundary: no thread to be had.
    return fail(ErrorCode::System, std::string("cannot start the log writer: ") + error.what());
  }
}

// The one plain log of the process. Never destroyed, like Dropped.
struct PlainLog {
  const SystemClock clock{};
  std::atomic<LogLevel> level{LogLevel::Info};
  Mutex mutex;
  LogRate rate EDGE_GUARDED_BY(mutex){LogOptions{}.per_second_max};
  std::unique_ptr<AsyncFile> file EDGE_GUARDED_BY(mutex);  // Null: not started, or stopped.
};
PlainLog& plain_log() {
  static PlainLog& log = *new PlainLog;
  return log;
}

void write_left_out(AsyncFile& file, WallTime now, LogLevel level, std::string_view event, std::uint64_t lines) {
  std::string line;
  append_log_line(line, now, level, event, "… " + std::to_string(lines) + " more of this kind in the last second");
  file.write(line);
}

}  // namespace

Status start_log(const LogOptions& options) {
  Result<std::unique_ptr<AsyncFile>> file = make_async_file(options.file, STDERR_FILENO, tell_stderr);
  if (!file) return Failure{file.error()};
  PlainLog& log = plain_log();
  log.level.store(options.level, std::memory_order_relaxed);
  const MutexLock lock(log.mutex);
  EDGE_CHECK(log.file == nullptr);
  log.rate = LogRate(options.per_second_max);
  log.file = *std::move(file);
  return {};
}

void reload_log(const LogOptions& options) {
  PlainLog& log = plain_log();
  log.level.store(options.level, std::memory_order_relaxed);
  const MutexLock lock(log.mutex);
  log.rate.set_per_second_max(options.per_second_max);
  if (log.file) log.file->reopen();
}

void reopen_log() {
  PlainLog& log = plain_log();
  const MutexLock lock(log.mutex);
  if (log.file) log.file->reopen();
}

void stop_log() {
  PlainLog& log = plain_log();
  std::unique_ptr<AsyncFile> last;
  {
    const MutexLock lock(log.mutex);
    last = std::move(log.file);
    if (last)
      log.rate.take_left_out([&](std::string_view event, std::uint64_t lines) {
        write_left_out(*last, log.clock.wall(), LogLevel::Warning, event, lines);
      });
  }
  // Here the writer is joined, with no lock held: it may log a last line itself.
  last.reset();
}

void log(LogLevel level, std::string_view event, std::string_view text) {
  PlainLog& log = plain_log();
  if (level < log.level.load(std::memory_order_relaxed)) return;
  std::string line;
  {
    const MutexLock lock(log.mutex);
    const WallTime now = log.clock.wall();
    if (log.file) {
      const LogRate::Verdict verdict = log.rate.admit(event, log.clock.now());
      if (verdict.left_out_before > 0) write_left_out(*log.file, now, level, event, verdict.left_out_before);
      if (!verdict.admitted) {
        dropped().lines.fetch_add(1, std::memory_order_relaxed);
        return;
      }
    }
    append_log_line(line, now, level, event, text);
    if (log.file) {
      log.file->write(line);
      return;
    }
  }
  write_straight_to_stderr(std::move(line));
}

Result<std::unique_ptr<LineWriter>> make_line_writer(std::string path) {
  Result<std::unique_ptr<AsyncFile>> file = make_async_file(std::move(path), STDOUT_FILENO, tell_plain_log);
  if (!file) return Failure{file.error()};
  return std::unique_ptr<LineWriter>(*std::move(file));
}

std::uint64_t log_lines_dropped() noexcept {
  Dropped& all = dropped();
  const MutexLock lock(all.mutex);
  std::uint64_t lines = all.lines.load(std::memory_order_relaxed);
  for (const AsyncFile* file : all.running) lines += file->overruns();
  return lines;
}

}  // namespace edge
