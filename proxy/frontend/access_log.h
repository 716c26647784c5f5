// The access log: one JSON object a line, for each finished exchange.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/mutex.h"
#include "metrics/outcome.h"

namespace edge::frontend {

enum class AccessLogMode { Off, Errors, All };  // Errors: status 400 and above, and exchanges that were cut off.

struct AccessRecord {
  WallTime time;  // When the request's head was complete.
  std::string_view client;
  std::string_view method;
  std::string_view target;
  std::string_view protocol;  // "HTTP/1.1"
  std::uint16_t status = 0;   // 0: the client left before an answer began.
  std::uint64_t bytes_sent = 0;
  metrics::Outcome outcome = metrics::Outcome::Error;
  std::string_view detail;  // A constant of ours, or empty.
  std::chrono::nanoseconds duration{0};
  bool complete = true;  // False: the response was cut off, by the client or by us.
  std::string_view request_id{};
  std::string_view trace_id{};  // Empty: there is none.
};

// A record, and its line, which is made when somebody first asks for it.
class AccessLine {
 public:
  explicit AccessLine(const AccessRecord& record) : record_(record) {}
  const AccessRecord& record() const { return record_; }
  // One JSON object. Members, in this order: time, client, method, target, protocol, status, bytes, outcome, detail
  // (only where there is one), duration_us, complete (only where it is false, so a search for it finds what was cut
  // off), request_id, trace_id (only where there is one). Bytes of the client that are not UTF-8 stand as \u00XX, each
  // by itself. Good until this thread makes the next.
  std::string_view text();

 private:
  const AccessRecord& record_;
  std::string_view text_{};
};

// Hears of exchanges as they end, besides the file.
class AccessListener {
 public:
  virtual ~AccessListener() = default;
  // On the exchange's own thread, perhaps on several at once; waits for nobody.
  virtual void on_exchange(AccessLine& line) const = 0;
};

// Thread-safe. Outlives the connections that write to it.
class AccessLog {
 public:
  AccessLog(AccessLogMode mode, LineWriter& writer) : writer_(writer), mode_(mode), wanted_(bits(mode, false)) {}
  void set_mode(AccessLogMode mode);
  // For each use one listener. Null: nobody. The one before may still hear of exchanges that are just ending.
  enum class Hears : std::uint8_t { Tails, Hottest, Count };
  void set_listener(Hears what_for, std::shared_ptr<const AccessListener> listener);
  bool wants(std::uint16_t status, bool complete) const noexcept {
    return is_wanted(wanted_.load(std::memory_order_relaxed), status, complete);
  }
  // Of an exchange that is wanted.
  void write(const AccessRecord& record);

 private:
  // Who wants what, in one word, so that where nobody wants anything an exchange costs one look at it.
  static constexpr std::uint8_t kErrors = 1;
  static constexpr std::uint8_t kOthers = 2;
  static constexpr std::uint8_t kListened = 4;

  static constexpr std::uint8_t bits(AccessLogMode mode, bool is_listened) noexcept {
    const std::uint8_t of_file = mode == AccessLogMode::Off      ? 0
                                 : mode == AccessLogMode::Errors ? kErrors
                                                                 : kErrors | kOthers;
    return static_cast<std::uint8_t>(of_file | (is_listened ? kListened : 0));
  }
  static constexpr bool is_wanted(std::uint8_t wanted, std::uint16_t status, bool complete) noexcept {
    if (wanted == 0) return false;
    const bool is_error = status >= 400 || status == 0 || !complete;
    return (wanted & (kListened | (is_error ? kErrors : kOthers))) != 0;
  }
  using Listeners = std::array<std::shared_ptr<const AccessListener>, static_cast<std::size_t>(Hears::Count)>;
  Listeners listeners();
  void note_wanted() EDGE_REQUIRES(mutex_);

  LineWriter& writer_;
  Mutex mutex_;
  AccessLogMode mode_ EDGE_GUARDED_BY(mutex_);
  Listeners listeners_ EDGE_GUARDED_BY(mutex_);
  std::atomic<std::uint8_t> wanted_;  // Written under the lock.
};

}  // namespace edge::frontend
