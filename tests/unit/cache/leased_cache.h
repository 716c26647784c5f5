// A memory cache that believes what it holds for a lease at a time, and what happens to its node.
#pragma once

#include "unit/cache/test_cache.h"

namespace edge::cache {

inline constexpr auto kLease = 10s;
inline constexpr auto kRegistry = 10min;

// A node that hears the feed, until it does not.
struct LeasedCache : TestCache {
  explicit LeasedCache(const CacheOptions& options = {}) : TestCache(options) { cache.trust().require_lease(kLease); }

  // A proof that was sent, answered and believed now.
  void prove() {
    register_node();
    cache.trust().extend_lease(clock.now());
  }
  void register_node() { cache.trust().register_node(clock.now(), clock.now() + kRegistry); }
  // Long enough for the lease to be over; the registry still has the node.
  void lose_lease() { clock.advance(kLease); }
  void lose_registry() { clock.advance(kRegistry); }

  // What a request finds that arrived at that time and looks again.
  Asked look_again(const Asked& asked, Instant arrived) {
    const http::Fields none;
    return {asked.url, asked.waiter,
            cache.look_up(key(asked.url), {.fields = none, .arrived = arrived}, clock.now(), asked.waiter)};
  }
};

inline bool is_for_trust(const Asked& asked) {
  if (const auto* lead = std::get_if<Lead>(&asked.found)) return lead->is_for_trust;
  if (const auto* joined = std::get_if<Joined>(&asked.found)) return joined->is_for_trust;
  return false;
}

}  // namespace edge::cache
