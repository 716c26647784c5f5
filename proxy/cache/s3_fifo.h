// Which stored response to evict: S3-FIFO (Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache
// eviction", SOSP 2023), here by bytes. What is new stands in a small queue on probation; what is asked for again
// moves on to the main queue; what is not leaves soon, and only a fingerprint of it is remembered for a while (the
// ghost). A key that comes back while it is remembered goes to the main queue at once.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cache/ghost_table.h"

namespace edge::cache {

// Base of whatever is kept in an S3Fifo. The owner sets `hash` and `bytes` before insert and leaves both alone until
// the node is out again; the rest belongs to the S3Fifo.
struct EvictionNode {
  enum class Queue : std::uint8_t { None, Small, Main };

  EvictionNode* older = nullptr;
  EvictionNode* newer = nullptr;
  std::uint64_t hash = 0;   // Of the cache key; the same key has the same hash in the next life.
  std::uint32_t bytes = 0;  // What evicting it gives back, all overhead included.
  std::uint8_t hits = 0;    // Not yet paid with, at most kEvictionHitsMax.
  Queue queue = Queue::None;
};

inline constexpr std::uint8_t kEvictionHitsMax = 3;

// The defaults are what tests/bench/cache_simulator bears out; tests/bench/README.md has the figures. The two rules
// about size are ours, not the paper's: they favour what gives many hits for the room it takes, as avatars are mostly
// thumbnails. Where all sizes are equal they change next to nothing.
struct S3FifoOptions {
  double small_share = 0.10;         // Of the bytes held, how much the small queue may keep before it is evicted from.
  std::uint32_t promotion_hits = 1;  // Hits in the small queue that earn a place in the main queue.
  double ghost_share = 2.0;          // Keys remembered for each one held.
  double ghost_reach = 1.0;          // A remembered key enters main if its bytes, times the keys remembered since, are
                                     // at most so many times the bytes held: the larger, the sooner it must be back.
  double large_ratio = 2.0;      // What is larger than so many times the mean pays two hits, not one, to stay in main.
  std::uint32_t moves_max = 32;  // Nodes that one evict() may move; what then stands at the end goes regardless.
};

// One shard's order of eviction. Owns no node: the cache does, and takes a node out (remove or evict) before it frees
// it. No lock (the caller holds the shard's), no I/O, no allocation but the ghost's table.
//
// It knows no capacity. The budget is one for all shards, so the caller says when room is needed, and the small
// queue's share is of what is held at that moment.
//
// Cost: touch writes one byte, or none; insert, remove and replace are a few pointers. evict moves at most moves_max
// nodes. Amortised it is far less: a node moves once out of small, and in main once for each hit it had. Where the
// number held has doubled, one evict also rebuilds the ghost's table, at most 44 bytes for each node held.
class S3Fifo {
 public:
  struct Statistics {
    std::uint64_t evicted_small = 0;  // Never asked for again while on probation.
    std::uint64_t evicted_main = 0;
    std::uint64_t evicted_hit = 0;   // Of evicted_main: still had hits, but moves_max was reached.
    std::uint64_t promotions = 0;    // From small to main.
    std::uint64_t reinsertions = 0;  // From the end of main to its beginning.
    std::uint64_t ghost_hits = 0;    // Inserted straight into main.
  };

  explicit S3Fifo(const S3FifoOptions& options = {}) : options_(options) {}
  S3Fifo(const S3Fifo&) = delete;
  S3Fifo& operator=(const S3Fifo&) = delete;

  // Takes in a node that is in no queue.
  void insert(EvictionNode& node);
  // The node was asked for. The whole of the hit path: no queue changes, and a hot node is not even written to.
  static void touch(EvictionNode& node) noexcept {
    if (node.hits < kEvictionHitsMax) ++node.hits;
  }
  // Takes a node out for another reason than room (invalidated, replaced); it is not remembered.
  void remove(EvictionNode& node) noexcept;
  // `by`, which is in no queue, takes the place and the hits of `node`: the same key with a newer response.
  void replace(EvictionNode& node, EvictionNode& by) noexcept;
  // Takes out the node to do without; null when there is none.
  EvictionNode* evict();

  std::uint64_t bytes() const noexcept { return small_.bytes + main_.bytes; }
  std::size_t count() const noexcept { return small_.count + main_.count; }
  std::uint64_t small_bytes() const noexcept { return small_.bytes; }
  std::size_t small_count() const noexcept { return small_.count; }
  // Memory of what is remembered of evicted keys; counts against the budget.
  std::size_t ghost_bytes() const noexcept { return ghost_.bytes(); }
  const Statistics& statistics() const noexcept { return statistics_; }

 private:
  struct Fifo {
    EvictionNode* oldest = nullptr;
    EvictionNode* newest = nullptr;
    std::uint64_t bytes = 0;
    std::size_t count = 0;

    void push(EvictionNode& node) noexcept;
    void take(EvictionNode& node) noexcept;
  };

  Fifo& fifo_of(const EvictionNode& node) noexcept;
  void enter(EvictionNode& node, EvictionNode::Queue queue) noexcept;
  void leave(EvictionNode& node) noexcept;
  bool is_small_next() const noexcept;
  bool is_large(const EvictionNode& node) const noexcept;
  bool was_missed(const EvictionNode& node) noexcept;
  EvictionNode* advance_small(bool may_move);
  EvictionNode* advance_main(bool may_move) noexcept;

  const S3FifoOptions options_;
  Fifo small_;
  Fifo main_;
  GhostTable ghost_;
  Statistics statistics_;
};

}  // namespace edge::cache
