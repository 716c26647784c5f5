// What changes the tier or reads it: scripts, each of which touches one bucket and runs as a whole (PROTOCOL, "Tier").
//
// Event IDs are compared as text, so they are written with as many digits as they may have.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cache/event_id.h"
#include "redis/reply.h"
#include "tier2/layout.h"

namespace edge::tier2 {

// The scripts, as redis::LinkOptions::scripts has them.
enum Script : std::size_t { Get, Put, Apply, MoveEpoch };
std::vector<std::string_view> scripts();

// What a call is sent with: how many keys, the keys, the arguments.
using Words = std::vector<std::string>;

std::string padded(cache::EventId id);
std::optional<cache::EventId> try_padded(std::string_view text);

// R20: an entry and the clean position, read together. Where there is no entry and `claim` is set, says as well who is
// to ask the origin for it.
struct GetCall {
  std::string_view epoch;
  std::string_view avatar;
  std::string_view url;
  std::string_view vary;               // What is thought to be the Vary of the URL's response,
  std::string_view selecting;          // and what of the request it selects by: http::selecting_lines.
  std::string_view node;               // Who asks.
  std::chrono::milliseconds claim{0};  // For how long it would be claimed; 0: it is not.
};
Words words_of(const GetCall& call, const Layout& layout);

struct GetAnswer {
  std::uint64_t now_ms = 0;  // By Redis's clock.
  std::string identity{};    // Empty: the bucket is not there.
  cache::EventId clean{};
  bool is_claimed_by_other = false;
  std::optional<std::string> vary{};  // Of what is there for the URL.
  std::uint64_t put_at_ms = 0;
  std::string bytes{};  // Of the entry, or empty.
};
Result<GetAnswer> parse_get(redis::Reply reply);

// R22: kept only if nothing has overtaken it.
struct PutCall {
  std::string_view epoch;
  std::string_view identity;
  std::string_view avatar;
  std::string_view url;
  std::string_view vary;
  std::string_view selecting;
  cache::EventId as_of;
  cache::EventId floor;  // The avatar's newest event that this node has applied; 0-0: it knows of none.
  std::uint64_t put_at_ms = 0;
  std::chrono::milliseconds ttl{0};
  std::string_view bytes;
};
Words words_of(const PutCall& call, const Layout& layout);

enum class PutEnd { Stored, Unborn, OtherLife, BelowMark, BelowFloor };
Result<PutEnd> parse_put(const redis::Reply& reply);

// A position of the feed's.
struct Point {
  cache::EventId id;
  std::uint64_t added = 0;  // Entries that the feed had had by then.
  friend bool operator==(const Point&, const Point&) = default;
};
struct TierEvent {
  Point at;
  std::string avatar;
};

// R23: the floors of these events, then the clean position. A bucket that is not there is born (R24).
struct ApplyCall {
  std::string_view epoch;
  std::uint32_t bucket = 0;
  std::string_view identity;
  Point from{};
  Point to{};
  std::size_t floors_max = 0;
  std::string_view birth{};                // The name of the bucket's life, if it is born now; unique.
  std::vector<const TierEvent*> events{};  // Of the bucket, after `from` and up to `to`, in their order.
};
Words words_of(const ApplyCall& call, const Layout& layout);

enum class ApplyEnd {
  Moved,      // The clean position is at `to` or later.
  Born,       // It is at `to`, and there is nothing in the bucket.
  Behind,     // It stands before `from`, where it was left.
  OtherLife,  // Positions of another life of the feed (R25).
};
Result<ApplyEnd> parse_apply(const redis::Reply& reply);

// What the guard of a bucket says, asked with plain HMGET.
struct Clean {
  std::string identity;  // Empty: the bucket is not there.
  Point at;
};
Words clean_words(std::string_view epoch, std::uint32_t bucket, const Layout& layout);
Result<Clean> parse_clean(const redis::Reply& reply);

// R27: the epoch moves from `from` (empty: there is none) to `to`, unless another was quicker. The answer is the epoch
// that counts.
Words move_epoch_words(std::string_view from, std::string_view to, const Layout& layout);

}  // namespace edge::tier2
