// How many bytes the cache's memory has come to. Counted over the life of what is allocated, not over its stay in the
// index: a response that was evicted while a slow client is still being sent it counts until that is over.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace edge::cache {

// Thread-safe. Outlives whatever is charged to it.
class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t limit) : limit_(limit) {}

  void charge(std::size_t bytes) noexcept { used_.fetch_add(bytes, std::memory_order_relaxed); }
  void refund(std::size_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  void set_limit(std::uint64_t limit) noexcept { limit_.store(limit, std::memory_order_relaxed); }
  // Bytes beyond the limit; 0 when within.
  std::uint64_t excess() const noexcept {
    const std::uint64_t now_used = used(), now_limit = limit();
    return now_used > now_limit ? now_used - now_limit : 0;
  }

 private:
  std::atomic<std::uint64_t> used_{0};
  std::atomic<std::uint64_t> limit_;
};

}  // namespace edge::cache
