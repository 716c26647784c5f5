#include "simulated_cache.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <list>
#include <queue>
#include <vector>

namespace edge::bench {
namespace {

using cache::EvictionNode;
using cache::S3Fifo;

constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

// For each event, the index of the key's next request, or kNever when there is none before an update.
std::vector<std::uint32_t> next_uses(const Stream& stream) {
  std::vector<std::uint32_t> next(stream.events.size());
  std::vector<std::uint32_t> seen(stream.sizes.size(), kNever);
  for (std::size_t i = stream.events.size(); i-- > 0;) {
    const StreamEvent& event = stream.events[i];
    next[i] = seen[event.key];
    seen[event.key] = event.kind == EventKind::Request ? static_cast<std::uint32_t>(i) : kNever;
  }
  return next;
}

// Plays the stream to a cache that has hit(event, key), store(event, key) and drop(key).
template <class Cache>
void replay(const Stream& stream, std::uint64_t budget, Cache& cache, Outcome& outcome) {
  for (std::uint32_t i = 0; i < stream.events.size(); ++i) {
    const auto [key, kind] = stream.events[i];
    if (kind == EventKind::Update) {
      cache.drop(key);
      continue;
    }
    const std::uint32_t bytes = stream.sizes[key];
    ++outcome.requests;
    outcome.bytes += bytes;
    if (cache.hit(i, key)) continue;
    ++outcome.misses;
    outcome.missed_bytes += bytes;
    if (bytes <= budget) cache.store(i, key);
  }
}

class S3FifoCache {
 public:
  S3FifoCache(const Stream& stream, std::uint64_t budget, const cache::S3FifoOptions& options, std::uint32_t shards)
      : budget_(budget), nodes_(stream.sizes.size()) {
    for (std::uint32_t i = 0; i < shards; ++i) shards_.emplace_back(options);
    for (std::size_t key = 0; key < nodes_.size(); ++key) {
      nodes_[key].hash = (key + 1) * 0xd6e8'feb8'6659'fd93u;
      nodes_[key].hash ^= nodes_[key].hash >> 32;
      nodes_[key].bytes = stream.sizes[key];
    }
  }

  bool hit(std::uint32_t, std::uint32_t key) {
    if (nodes_[key].queue == EvictionNode::Queue::None) return false;
    S3Fifo::touch(nodes_[key]);
    return true;
  }
  void store(std::uint32_t, std::uint32_t key) {
    shard_of(nodes_[key]).insert(nodes_[key]);
    held_ += nodes_[key].bytes;
    while (held_ > budget_) {
      S3Fifo& shard = shards_[turn_++ % shards_.size()];
      if (shard.bytes() * shards_.size() >= held_) held_ -= shard.evict()->bytes;
    }
    bytes_max_ = std::max(bytes_max_, held_);
  }
  void drop(std::uint32_t key) {
    if (nodes_[key].queue == EvictionNode::Queue::None) return;
    shard_of(nodes_[key]).remove(nodes_[key]);
    held_ -= nodes_[key].bytes;
  }

  void report(S3FifoOutcome& outcome) const {
    outcome.bytes_max = bytes_max_;
    for (const S3Fifo& shard : shards_) {
      const S3Fifo::Statistics& of = shard.statistics();
      outcome.ghost_bytes += shard.ghost_bytes();
      outcome.statistics.evicted_small += of.evicted_small;
      outcome.statistics.evicted_main += of.evicted_main;
      outcome.statistics.evicted_hit += of.evicted_hit;
      outcome.statistics.promotions += of.promotions;
      outcome.statistics.reinsertions += of.reinsertions;
      outcome.statistics.ghost_hits += of.ghost_hits;
    }
  }

 private:
  S3Fifo& shard_of(const EvictionNode& node) { return shards_[(node.hash >> 40) % shards_.size()]; }

  const std::uint64_t budget_;
  std::uint64_t held_ = 0;
  std::uint64_t bytes_max_ = 0;
  std::size_t turn_ = 0;
  std::vector<EvictionNode> nodes_;
  std::deque<S3Fifo> shards_;  // Not a vector: an S3Fifo stays where it is.
};

class LruCache {
 public:
  LruCache(const Stream& stream, std::uint64_t budget) : stream_(stream), budget_(budget), at_(stream.sizes.size()) {
    for (auto& at : at_) at = order_.end();
  }

  bool hit(std::uint32_t, std::uint32_t key) {
    if (at_[key] == order_.end()) return false;
    order_.splice(order_.begin(), order_, at_[key]);
    return true;
  }
  void store(std::uint32_t, std::uint32_t key) {
    at_[key] = order_.insert(order_.begin(), key);
    held_ += stream_.sizes[key];
    while (held_ > budget_) drop(order_.back());
  }
  void drop(std::uint32_t key) {
    if (at_[key] == order_.end()) return;
    order_.erase(at_[key]);
    at_[key] = order_.end();
    held_ -= stream_.sizes[key];
  }

 private:
  const Stream& stream_;
  const std::uint64_t budget_;
  std::uint64_t held_ = 0;
  std::list<std::uint32_t> order_;
  std::vector<std::list<std::uint32_t>::iterator> at_;
};

class BeladyCache {
 public:
  BeladyCache(const Stream& stream, std::uint64_t budget)
      : stream_(stream), budget_(budget), next_(next_uses(stream)), due_(stream.sizes.size(), kNever) {}

  bool hit(std::uint32_t event, std::uint32_t key) {
    if (due_[key] != event) return false;
    remove(key);
    keep(event, key);
    return true;
  }
  void store(std::uint32_t event, std::uint32_t key) {
    keep(event, key);
    while (held_ > budget_) {
      const auto [due, victim] = order_.top();
      order_.pop();
      if (due_[victim] == due) remove(victim);
    }
  }
  void drop(std::uint32_t) {}  // What is updated before its next request was never kept.

 private:
  void keep(std::uint32_t event, std::uint32_t key) {
    if (next_[event] == kNever) return;
    due_[key] = next_[event];
    held_ += stream_.sizes[key];
    order_.emplace(due_[key], key);
  }
  void remove(std::uint32_t key) {
    due_[key] = kNever;
    held_ -= stream_.sizes[key];
  }

  const Stream& stream_;
  const std::uint64_t budget_;
  std::uint64_t held_ = 0;
  const std::vector<std::uint32_t> next_;
  std::vector<std::uint32_t> due_;                                      // By key: its next request when it is held.
  std::priority_queue<std::pair<std::uint32_t, std::uint32_t>> order_;  // Farthest first; some are out of date.
};

struct Reuse {
  double cost;  // Per unit of gain.
  double space_time;
  double gain;
};

// The most gain that `space_time` buys, the last reuse in part.
double bought(std::vector<Reuse>& reuses, double space_time) {
  std::sort(reuses.begin(), reuses.end(), [](const Reuse& a, const Reuse& b) { return a.cost < b.cost; });
  double gain = 0;
  for (const Reuse& reuse : reuses) {
    if (reuse.space_time >= space_time) return gain + reuse.gain * space_time / reuse.space_time;
    gain += reuse.gain;
    space_time -= reuse.space_time;
  }
  return gain;
}

}  // namespace

S3FifoOutcome run_s3_fifo(const Stream& stream, std::uint64_t budget, const cache::S3FifoOptions& options,
                          std::uint32_t shards) {
  S3FifoOutcome outcome;
  S3FifoCache cache(stream, budget, options, shards);
  replay(stream, budget, cache, outcome);
  cache.report(outcome);
  return outcome;
}

Outcome run_lru(const Stream& stream, std::uint64_t budget) {
  Outcome outcome;
  LruCache cache(stream, budget);
  replay(stream, budget, cache, outcome);
  return outcome;
}

Outcome run_belady(const Stream& stream, std::uint64_t budget) {
  Outcome outcome;
  BeladyCache cache(stream, budget);
  replay(stream, budget, cache, outcome);
  return outcome;
}

Outcome run_bound(const Stream& stream, std::uint64_t budget) {
  const std::vector<std::uint32_t> next = next_uses(stream);
  Outcome outcome;
  std::vector<Reuse> by_hits;
  std::vector<Reuse> by_bytes;
  for (std::size_t i = 0; i < stream.events.size(); ++i) {
    const auto [key, kind] = stream.events[i];
    if (kind == EventKind::Update) continue;
    const double bytes = stream.sizes[key];
    ++outcome.requests;
    outcome.bytes += stream.sizes[key];
    if (next[i] == kNever || stream.sizes[key] > budget) continue;
    const auto time = static_cast<double>(next[i] - i);
    by_hits.push_back({bytes * time, bytes * time, 1});
    by_bytes.push_back({time, bytes * time, bytes});
  }
  const double space_time = static_cast<double>(budget) * static_cast<double>(stream.events.size());
  outcome.misses = outcome.requests - static_cast<std::uint64_t>(bought(by_hits, space_time));
  outcome.missed_bytes = outcome.bytes - static_cast<std::uint64_t>(bought(by_bytes, space_time));
  return outcome;
}

}  // namespace edge::bench
