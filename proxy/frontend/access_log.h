// The access log: one JSON object a line, for each finished exchange.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
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

// Thread-safe. Outlives the connections that write to it.
class AccessLog {
 public:
  AccessLog(AccessLogMode mode, LineWriter& writer) : mode_(mode), writer_(writer) {}
  void set_mode(AccessLogMode mode) noexcept { mode_.store(mode, std::memory_order_relaxed); }
  bool wants(std::uint16_t status, bool complete) const noexcept {
    const AccessLogMode mode = mode_.load(std::memory_order_relaxed);
    return mode == AccessLogMode::All || (mode == AccessLogMode::Errors && (status >= 400 || status == 0 || !complete));
  }
  // Members, in this order: time, client, method, target, protocol, status, bytes, outcome, detail (only where there is
  // one), duration_us, complete (only where it is false, so a search for it finds what was cut off), request_id,
  // trace_id (only where there is one). Bytes of the client that are not UTF-8 stand as \u00XX, each by itself.
  void write(const AccessRecord& record);

 private:
  std::atomic<AccessLogMode> mode_;
  LineWriter& writer_;
};

}  // namespace edge::frontend
