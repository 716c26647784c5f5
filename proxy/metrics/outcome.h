// The labels of metrics, as enums.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace edge::metrics {

// How a request was answered; the words of the access log as well.
enum class Outcome : std::uint8_t {
  Hit,          // From memory, fresh.
  Tier,         // From the Redis tier, by a fill that this request began.
  Stale,        // From memory, not fresh: while it is revalidated, in place of an error, or as the client wished.
  Revalidated,  // From memory, after the origin said that it is still good.
  Miss,         // From the origin by a fill that this request began.
  Collapsed,    // By a fill that another request began.
  Pass,         // From the origin, deliberately not stored.
  Local,        // By ourselves: admin, purge.
  Refused,      // 4xx of our own, by what the operator allows: a rate, an address, a signature.
  Error,        // 4xx or 5xx of our own, for all other reasons.
  Count,
};
inline constexpr std::array<std::string_view, 10> kOutcomeLabels{"hit",       "tier2", "stale", "revalidated", "miss",
                                                                 "collapsed", "pass",  "local", "refused",     "error"};
static_assert(kOutcomeLabels.size() == static_cast<std::size_t>(Outcome::Count));

// How a client's attempt to speak TLS ended.
enum class TlsHandshakeEnd : std::uint8_t {
  Full,
  Resumed,  // By a ticket of an earlier one.
  Failed,   // No TLS, nothing in common, a certificate that is not good, given up by the client, or too slow.
  Count,
};
inline constexpr std::array<std::string_view, 3> kTlsHandshakeEndLabels{"full", "resumed", "failed"};
static_assert(kTlsHandshakeEndLabels.size() == static_cast<std::size_t>(TlsHandshakeEnd::Count));

// How a fill ended.
enum class FillEnd : std::uint8_t {
  Stored,
  FromTier,     // The Redis tier had it.
  NotModified,  // 304: the stored response was refreshed.
  NotStorable,  // Streamed to who began it; remembered for a while.
  Voided,       // Overtaken by an invalidation: answered those who waited, not stored.
  BelowFloor,   // An older version than an update event has named.
  NoRoom,       // The memory budget is pinned by responses being sent.
  Failed,
  Count,
};
inline constexpr std::array<std::string_view, 8> kFillEndLabels{"stored", "tier2",       "not_modified", "not_storable",
                                                                "voided", "below_floor", "no_room",      "failed"};
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
  HandshakesPerTurn,
  Http2Streams,
  Http2Resets,
  Http2Pings,
  Http2Settings,
  Http2Priorities,
  Http2WindowUpdates,
  Http2EmptyFrames,
  Http2Continuations,
  Access,
  ConnectionsPerClient,
  FillsPerRoute,
  FillBytes,
  OverloadConnections,  // Those that wait are not known; counted is how often a worker began to let them wait.
  OverloadFills,
  OverloadPasses,
  OverloadHits,
  Tails,           // Those who follow the records of the access log.
  HottestWatches,  // Those who watch which avatars are asked for most.
  Count,
};
inline constexpr std::array<std::string_view, 31> kLimitLabels{"connections",
                                                               "requests_per_connection",
                                                               "header_bytes",
                                                               "header_count",
                                                               "target_length",
                                                               "body_bytes",
                                                               "idle_timeout",
                                                               "header_timeout",
                                                               "body_timeout",
                                                               "write_timeout",
                                                               "waiters_per_fill",
                                                               "origin_queue",
                                                               "handshakes_per_turn",
                                                               "http2_streams",
                                                               "http2_resets",
                                                               "http2_pings",
                                                               "http2_settings",
                                                               "http2_priorities",
                                                               "http2_window_updates",
                                                               "http2_empty_frames",
                                                               "http2_continuations",
                                                               "access",
                                                               "connections_per_client",
                                                               "fills_per_route",
                                                               "fill_bytes",
                                                               "overload_connections",
                                                               "overload_fills",
                                                               "overload_passes",
                                                               "overload_hits",
                                                               "tails",
                                                               "hottest_watches"};
static_assert(kLimitLabels.size() == static_cast<std::size_t>(Limit::Count));

// What there is too much of.
enum class OverloadCause : std::uint8_t { LoopLag, Memory, Count };
inline constexpr std::array<std::string_view, 2> kOverloadCauseLabels{"loop_lag", "memory"};
static_assert(kOverloadCauseLabels.size() == static_cast<std::size_t>(OverloadCause::Count));

// By what a rate limit tells requests apart.
enum class RateKind : std::uint8_t {
  Address,
  Header,
  TokenSubject,
  Avatar,
  Route,
  Degraded,  // By what the degraded mode does.
  Count,
};
inline constexpr std::array<std::string_view, 6> kRateKindLabels{"address", "header", "token_subject",
                                                                 "avatar",  "route",  "degraded"};
static_assert(kRateKindLabels.size() == static_cast<std::size_t>(RateKind::Count));

// What became of the signature of a URL that must have one.
enum class SignatureEnd : std::uint8_t {
  Good,
  Missing,
  Wrong,  // Of another URL, time or secret, or of a key that is not known.
  Expired,
  Count,
};
inline constexpr std::array<std::string_view, 4> kSignatureEndLabels{"good", "missing", "wrong", "expired"};
static_assert(kSignatureEndLabels.size() == static_cast<std::size_t>(SignatureEnd::Count));

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

// Why one of the origin's URLs is left out for a while.
enum class EjectionCause : std::uint8_t {
  Unreachable,  // It could not be connected to.
  Failures,     // It has failed several times in a row, or again when it was tried.
  Count,
};
inline constexpr std::array<std::string_view, 2> kEjectionCauseLabels{"unreachable", "failures"};
static_assert(kEjectionCauseLabels.size() == static_cast<std::size_t>(EjectionCause::Count));

// What came of a check whether one of the origin's URLs is well.
enum class HealthCheckEnd : std::uint8_t {
  Good,
  Status,       // Another status than is wanted.
  Unreachable,  // No connection.
  Timeout,      // None in time, or no whole answer.
  Broken,       // An answer that is none, or ends too soon.
  Count,
};
inline constexpr std::array<std::string_view, 5> kHealthCheckEndLabels{"good", "status", "unreachable", "timeout",
                                                                       "broken"};
static_assert(kHealthCheckEndLabels.size() == static_cast<std::size_t>(HealthCheckEnd::Count));

// Whether the origin as a whole is asked.
enum class BreakerState : std::uint8_t {
  Closed,    // Yes.
  HalfOpen,  // By a few fetches that try.
  Open,      // No.
  Count,
};
inline constexpr std::array<std::string_view, 3> kBreakerStateLabels{"closed", "half_open", "open"};
static_assert(kBreakerStateLabels.size() == static_cast<std::size_t>(BreakerState::Count));

// What became of a wish to ask the origin a second time.
enum class OriginRetry : std::uint8_t {
  Unreachable,  // Made, after a connection that failed,
  Failed,       // after an answer that was broken, or none, or 502, 503 or 504,
  Hedged,       // beside a first attempt that was not answered yet,
  Alone,        // and at the same URL, after HTTP/2 has brought nothing that can be used.
  Refused,      // Not made: too many were lately.
  Count,
};
inline constexpr std::array<std::string_view, 5> kOriginRetryLabels{"unreachable", "failed", "hedged", "alone",
                                                                    "refused"};
static_assert(kOriginRetryLabels.size() == static_cast<std::size_t>(OriginRetry::Count));

// How a look into the Redis tier ended.
enum class TierLookEnd : std::uint8_t {
  Hit,
  Disbelieved,  // It had a response, but an event has overtaken it, or it is no longer fresh.
  Miss,
  Late,         // No answer within redis.timeout.
  Error,        // Redis answered with an error, or what it had is broken.
  Forbidden,    // Not asked: no lease, or a change or a purge of the avatar that may not have reached the tier.
  Unavailable,  // Not asked: no connection, too many questions under way, or the tier not in step with the feed.
  PassedOver,   // Not asked: it was late too often.
  Count,
};
inline constexpr std::array<std::string_view, 8> kTierLookEndLabels{
    "hit", "disbelieved", "miss", "late", "error", "forbidden", "unavailable", "passed_over"};
static_assert(kTierLookEndLabels.size() == static_cast<std::size_t>(TierLookEnd::Count));

// What became of a response on its way into the Redis tier.
enum class TierPutEnd : std::uint8_t {
  Stored,
  Refused,   // Something had overtaken it.
  TooLarge,  // More than redis.object_max.
  Skipped,   // Fresh for too short a time, or too much was on its way already.
  Error,
  Count,
};
inline constexpr std::array<std::string_view, 5> kTierPutEndLabels{"stored", "refused", "too_large", "skipped",
                                                                   "error"};
static_assert(kTierPutEndLabels.size() == static_cast<std::size_t>(TierPutEnd::Count));

// What became of a response that an update dropped though it had been asked for lately.
enum class PushEnd : std::uint8_t {
  Started,   // A fill was begun for it.
  Unneeded,  // A client was quicker.
  Dropped,   // Too many waited, or the node had too much else to do.
  Count,
};
inline constexpr std::array<std::string_view, 3> kPushEndLabels{"started", "unneeded", "dropped"};
static_assert(kPushEndLabels.size() == static_cast<std::size_t>(PushEnd::Count));

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
