// The labels of metrics, as enums.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edge::metrics {

// How a request was answered; the words of the access log as well.
enum class Outcome : std::uint8_t {
  Hit,          // From memory, fresh.
  Stale,        // From memory, not fresh: while it is revalidated, in place of an error, or as the client wished.
  Revalidated,  // From memory, after the origin said that it is still good.
  Miss,         // From the origin by a fill that this request began.
  Collapsed,    // By a fill that another request began.
  Pass,         // From the origin, deliberately not stored.
  Local,        // By ourselves: admin, purge.
  Error,        // 4xx or 5xx of our own.
  Count,
};
inline constexpr std::array<std::string_view, 8> kOutcomeLabels{"hit",       "stale", "revalidated", "miss",
                                                                "collapsed", "pass",  "local",       "error"};
static_assert(kOutcomeLabels.size() == static_cast<std::size_t>(Outcome::Count));

// How a fill ended.
enum class FillEnd : std::uint8_t {
  Stored,
  NotModified,  // 304: the stored response was refreshed.
  NotStorable,  // Streamed to who began it; remembered for a while.
  Voided,       // Overtaken by an invalidation: answered those who waited, not stored.
  BelowFloor,   // An older version than an update event has named.
  NoRoom,       // The memory budget is pinned by responses being sent.
  Failed,
  Count,
};
inline constexpr std::array<std::string_view, 7> kFillEndLabels{"stored",      "not_modified", "not_storable", "voided",
                                                                "below_floor", "no_room",      "failed"};
static_assert(kFillEndLabels.size() == static_cast<std::size_t>(FillEnd::Count));

// Why a limit of ours turned something away.
enum class Limit : std::uint8_t {
  Connections,
  RequestsPerConnection,
  HeaderBytes,
  HeaderCount,
  TargetLength,
  BodyBytes,
  IdleTimeout,
  HeaderTimeout,
  BodyTimeout,
  WriteTimeout,
  WaitersPerFill,
  OriginQueue,
  Count,
};
inline constexpr std::array<std::string_view, 12> kLimitLabels{
    "connections",  "requests_per_connection", "header_bytes", "header_count",  "target_length",    "body_bytes",
    "idle_timeout", "header_timeout",          "body_timeout", "write_timeout", "waiters_per_fill", "origin_queue"};
static_assert(kLimitLabels.size() == static_cast<std::size_t>(Limit::Count));

// How a request to the origin ended.
enum class OriginEnd : std::uint8_t {
  Status2xx,
  Status3xx,
  Status4xx,
  Status5xx,
  ConnectError,
  Timeout,
  ProtocolError,
  Cancelled,
  Refused,  // By our own limits: it was not sent.
  Count,
};
inline constexpr std::array<std::string_view, 9> kOriginEndLabels{
    "2xx", "3xx", "4xx", "5xx", "connect_error", "timeout", "protocol_error", "cancelled", "refused"};
static_assert(kOriginEndLabels.size() == static_cast<std::size_t>(OriginEnd::Count));

// What made stored responses invalid.
enum class Invalidation : std::uint8_t {
  Update,         // An update event named their avatar.
  PurgeSoft,      // An operator asked to revalidate them.
  PurgeHard,      // An operator asked to drop them.
  UnsafeRequest,  // A PUT, POST or DELETE went through us (RFC 9111 section 4.4).
  Count,
};
inline constexpr std::array<std::string_view, 4> kInvalidationLabels{"update", "purge_soft", "purge_hard",
                                                                     "unsafe_request"};
static_assert(kInvalidationLabels.size() == static_cast<std::size_t>(Invalidation::Count));

// How a wait for all nodes to have applied an event ended.
enum class WaitEnd : std::uint8_t {
  Applied,    // All live nodes were seen to have applied it.
  WaitedOut,  // The lease of those that were not seen is over, so they serve nothing older.
  TimedOut,   // The time that was given for it was over first.
  Count,
};
inline constexpr std::array<std::string_view, 3> kWaitEndLabels{"applied", "waited_out", "timed_out"};
static_assert(kWaitEndLabels.size() == static_cast<std::size_t>(WaitEnd::Count));

enum class ReloadResult : std::uint8_t { Ok, Failed, Count };
inline constexpr std::array<std::string_view, 2> kReloadResultLabels{"ok", "failed"};
static_assert(kReloadResultLabels.size() == static_cast<std::size_t>(ReloadResult::Count));

// The queues of S3-FIFO.
enum class EvictionQueue : std::uint8_t { Small, Main, Count };
inline constexpr std::array<std::string_view, 2> kEvictionQueueLabels{"small", "main"};
static_assert(kEvictionQueueLabels.size() == static_cast<std::size_t>(EvictionQueue::Count));

}  // namespace edge::metrics
