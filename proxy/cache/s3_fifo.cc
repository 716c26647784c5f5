#include "cache/s3_fifo.h"

#include "base/check.h"

namespace edge::cache {

using Queue = EvictionNode::Queue;

void S3Fifo::insert(EvictionNode& node) {
  EDGE_CHECK(node.queue == Queue::None);
  const bool is_missed = was_missed(node);
  if (is_missed) ++statistics_.ghost_hits;
  enter(node, is_missed ? Queue::Main : Queue::Small);
}

void S3Fifo::remove(EvictionNode& node) noexcept { leave(node); }

void S3Fifo::replace(EvictionNode& node, EvictionNode& by) noexcept {
  EDGE_CHECK(node.queue != Queue::None && by.queue == Queue::None);
  Fifo& fifo = fifo_of(node);
  by.older = node.older;
  by.newer = node.newer;
  by.hits = node.hits;
  by.queue = node.queue;
  (by.older ? by.older->newer : fifo.oldest) = &by;
  (by.newer ? by.newer->older : fifo.newest) = &by;
  fifo.bytes += by.bytes;
  fifo.bytes -= node.bytes;
  node.older = node.newer = nullptr;
  node.queue = Queue::None;
}

EvictionNode* S3Fifo::evict() {
  for (std::uint32_t moves = 0; count() != 0; ++moves) {
    const bool may_move = moves < options_.moves_max;
    EvictionNode* const victim = is_small_next() ? advance_small(may_move) : advance_main(may_move);
    if (victim != nullptr) return victim;
  }
  return nullptr;
}

// Takes the oldest out of small: the victim, or null when it has moved on to main.
EvictionNode* S3Fifo::advance_small(bool may_move) {
  EvictionNode& node = *small_.oldest;
  if (may_move && node.hits >= options_.promotion_hits) {
    leave(node);
    enter(node, Queue::Main);
    ++statistics_.promotions;
    return nullptr;
  }
  const double keys_held = static_cast<double>(count());
  leave(node);
  ghost_.remember(node.hash, static_cast<std::size_t>(options_.ghost_share * keys_held));
  ++statistics_.evicted_small;
  return &node;
}

// Takes the oldest out of main: the victim, or null when its hits have paid for another round.
EvictionNode* S3Fifo::advance_main(bool may_move) noexcept {
  EvictionNode& node = *main_.oldest;
  const std::uint8_t price = is_large(node) ? 2 : 1;
  const std::uint8_t hits = node.hits;
  leave(node);
  if (may_move && hits >= price) {
    enter(node, Queue::Main);
    node.hits = static_cast<std::uint8_t>(hits - price);
    ++statistics_.reinsertions;
    return nullptr;
  }
  ++statistics_.evicted_main;
  if (hits >= price) ++statistics_.evicted_hit;
  return &node;
}

bool S3Fifo::is_large(const EvictionNode& node) const noexcept {
  return static_cast<double>(node.bytes) * static_cast<double>(count()) >
         options_.large_ratio * static_cast<double>(bytes());
}

// Evicted too early: its key is remembered, and came back soon for its size.
bool S3Fifo::was_missed(const EvictionNode& node) noexcept {
  const auto age = ghost_.try_take(node.hash);
  return age && static_cast<double>(node.bytes) * *age <= options_.ghost_reach * static_cast<double>(bytes());
}

// Main must have something to give where small is within its share.
bool S3Fifo::is_small_next() const noexcept {
  if (main_.count == 0 || small_.count == 0) return main_.count == 0;
  return static_cast<double>(small_.bytes) > options_.small_share * static_cast<double>(bytes());
}

S3Fifo::Fifo& S3Fifo::fifo_of(const EvictionNode& node) noexcept {
  EDGE_CHECK(node.queue != Queue::None);
  return node.queue == Queue::Small ? small_ : main_;
}

void S3Fifo::enter(EvictionNode& node, Queue queue) noexcept {
  node.queue = queue;
  node.hits = 0;
  fifo_of(node).push(node);
}

void S3Fifo::leave(EvictionNode& node) noexcept {
  fifo_of(node).take(node);
  node.queue = Queue::None;
}

void S3Fifo::Fifo::push(EvictionNode& node) noexcept {
  node.older = newest;
  node.newer = nullptr;
  (newest ? newest->newer : oldest) = &node;
  newest = &node;
  bytes += node.bytes;
  ++count;
}

void S3Fifo::Fifo::take(EvictionNode& node) noexcept {
  (node.older ? node.older->newer : oldest) = node.newer;
  (node.newer ? node.newer->older : newest) = node.older;
  node.older = node.newer = nullptr;
  bytes -= node.bytes;
  --count;
}

}  // namespace edge::cache
