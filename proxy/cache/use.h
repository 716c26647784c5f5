// Whether what is held, or being asked for, may answer a request: freshness, and what this node may believe.
#pragma once

#include "base/clock.h"
#include "cache/shard.h"
#include "cache/trust.h"
#include "http/cache_status.h"
#include "http/request_directives.h"

namespace edge::cache {

// What a stored response is good for.
enum class Use {
  Fresh,
  StaleByRequest,     // The client takes it stale (RFC 9111 section 5.2.1.2).
  WhileRevalidating,  // RFC 5861 section 3.
  Untrusted,          // Fresh, but without a lease, or from before a gap (PROTOCOL R10, R14).
  No,                 // To be revalidated.
};

// Judges for one look. The shard's lock is held.
struct Judge {
  const Trust& trust;
  const http::UseLimits& limits;
  Instant arrived;  // When the request did, or later.
  Instant now;

  Use use(const Entry& entry) const;

  // PROTOCOL R14 to R16, of a stored response as of a fill that might be joined.
  bool is_vouched_for(const Begun& begun) const { return trust.may_use(begun.generation, begun.at, arrived, now); }

  // Why what was found, if anything, will not do.
  struct WhyNot {
    http::ForwardReason forward;
    bool is_for_trust;
  };
  WhyNot why_not(const Shard::Found& found) const;

  // When it was last fresh and trusted, or will have been.
  Instant usable_until(const Entry& entry) const;
};

}  // namespace edge::cache
