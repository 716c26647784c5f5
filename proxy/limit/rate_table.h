// Who has asked how much lately: token buckets by key, in memory of a fixed size.
//
// A bucket is one time, when it will be full again, and a bucket that is full is the same as none: its place is free.
// So what may be forgotten without harm forgets itself. Only where all places that a key may have are taken by buckets
// that are not full does the one give way that will be full first: it has the least to hide. Who asks too much is
// remembered longest, and who is forgotten too early gets more than his share for once, never less.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "base/clock.h"
#include "base/handle.h"
#include "base/mutex.h"
#include "limit/rate.h"

namespace edge::limit {

// What became of one request.
struct Taken {
  bool is_allowed = true;
  std::chrono::nanoseconds wait{0};  // Where it is not: until one would be.
  bool has_forgotten = false;        // A bucket that was not full had to give way.
};

// Thread-safe: 256 locks, each held for a look at 128 bytes. Allocates nothing after construction, and touches of its
// memory what is used.
class RateTable {
 public:
  static constexpr std::size_t kEntryBytes = 16;

  // `entries`: 1024 and more, rounded up to a power of two; each takes kEntryBytes.
  explicit RateTable(std::size_t entries);

  // One request of `key`, a keyed hash (base/hash.h), so that nobody can choose whom to share a place with. A request
  // that is not allowed costs nothing: who goes on asking is not shut out for longer. `now` may be a little behind
  // that of other threads; then a request may have to wait for that little longer.
  Taken take(std::uint64_t key, const Rate& rate, Instant now) noexcept;

  std::size_t entries() const noexcept { return (set_mask_ + 1) * kWays; }

 private:
  struct Entry {
    std::uint64_t key;
    std::int64_t full_at;  // Nanoseconds on the clock's scale. In the past: the bucket is full, the place free.
  };
  static_assert(sizeof(Entry) == kEntryBytes);

  // The places that a key may have: two cache lines side by side.
  static constexpr std::size_t kWays = 8;
  struct alignas(kWays* kEntryBytes) Set {
    std::array<Entry, kWays> entries;
  };
  static constexpr std::size_t kLocks = 256;
  struct alignas(64) Lock {
    Mutex mutex;
  };

  static std::span<Set> aligned_sets(void* memory, std::size_t count);

  const std::size_t set_mask_;
  const CHandle<void, std::free> memory_;
  const std::span<Set> sets_;  // Each guarded by the lock of its number modulo kLocks.
  std::array<Lock, kLocks> locks_;
};

}  // namespace edge::limit
