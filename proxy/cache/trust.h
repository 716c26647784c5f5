// What this node may believe of what it holds (PROTOCOL, "Lease"). Without an update feed: everything, for ever.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace edge::cache {

// Written by the feed's thread, read at every lookup by the workers'. No lock: each value may be seen a moment late,
// and a lease that is seen late is one seen as shorter, or as the one that ran before it and was as good.
class Trust {
 public:
  // From here on what is held is believed for one lease after a proof. Before any thread that looks things up.
  void require_lease(std::chrono::nanoseconds length) {
    lease_length_ = length;
    lease_until_.store(0);
  }
  bool is_leased_at_all() const noexcept { return lease_length_.count() != 0; }

  // A proof that was sent at that time (PROTOCOL R13: not when it came back).
  void extend_lease(Instant proof_sent) noexcept {
    lease_until_.store((proof_sent + lease_length_).time_since_epoch().count());
  }
  // This node stands in the registry from a write sent at `from` until `until` (PROTOCOL R15).
  void register_node(Instant from, Instant until) noexcept {
    registered_from_.store(from.time_since_epoch().count());
    registered_until_.store(until.time_since_epoch().count());
  }
  // A gap: whatever was asked for so far is to be revalidated before use (PROTOCOL R10, R11).
  void begin_generation() noexcept {
    earlier_lease_until_.store(lease_until_.exchange(0));
    generation_.fetch_add(1);
  }

  std::uint64_t generation() const noexcept { return generation_.load(); }
  bool has_lease(Instant now) const noexcept {
    return !is_leased_at_all() || now.time_since_epoch().count() < lease_until_.load();
  }
  Instant lease_until() const noexcept { return Instant{std::chrono::nanoseconds{lease_until_.load()}}; }
  // Whether what was asked for at that time may be used without a lease (PROTOCOL R14, R15): for one lease after it was
  // asked, and only while this node stands in the registry, as it did then.
  bool may_hold(Instant asked_at, Instant now) const noexcept {
    return asked_at.time_since_epoch().count() >= registered_from_.load() &&
           now.time_since_epoch().count() < registered_until_.load() && now < asked_at + lease_length_;
  }
  // Whether what was asked for at that time, in that generation, may answer a request that arrived at `arrived`.
  bool may_use(std::uint64_t generation, Instant asked_at, Instant arrived, Instant now) const noexcept {
    if (!is_leased_at_all()) return true;
    // PROTOCOL R15: what was asked after the request had come is as good as asking now.
    const bool is_good = has_lease(now) || may_hold(asked_at, now) || asked_at >= arrived;
    // In this order: a lease that was given after a gap is never taken for one of the generation before.
    return is_good && generation == generation_.load();
  }
  // Until when what was asked for at that time was trusted, by what is known now: for judging how stale it is once it
  // is not. Never too late.
  Instant trusted_until(std::uint64_t generation, Instant asked_at) const noexcept {
    if (!is_leased_at_all()) return Instant::max();
    const std::uint64_t now_generation = generation_.load();
    Instant until = asked_at + lease_length_;
    if (generation == now_generation) until = std::max(until, lease_until());
    if (generation + 1 == now_generation)
      until = std::max(until, Instant{std::chrono::nanoseconds{earlier_lease_until_.load()}});
    return until;
  }

 private:
  std::chrono::nanoseconds lease_length_{0};
  std::atomic<std::uint64_t> generation_{0};
  std::atomic<std::int64_t> lease_until_{0};
  std::atomic<std::int64_t> earlier_lease_until_{0};  // Of the generation before.
  std::atomic<std::int64_t> registered_from_{INT64_MAX};
  std::atomic<std::int64_t> registered_until_{0};
};

}  // namespace edge::cache
