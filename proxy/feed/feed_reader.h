// Reads the update feed: applies its events to the cache, proves that none is missing, and so keeps the lease.
//
// On one connection, in order (PROTOCOL R7): a blocking read for what is new; a proof every fifth of the lease, and
// soon after events, so that whoever waits for them learns that they were applied. A proof brings along what follows
// the last event read; when that is all there is, the count must be right (R9), and then the lease runs from when the
// proof was sent (R13). Whatever does not fit is a gap (R10).
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cache/memory_cache.h"
#include "event/event_loop.h"
#include "event/timer.h"
#include "feed/feed_follower.h"
#include "feed/feed_options.h"
#include "feed/proof.h"
#include "metrics/metrics.h"
#include "redis/primary_connection.h"
#include "redis/sentinel_memory.h"

namespace edge::feed {

// Owned by the feed, on its loop's thread. What it is given outlives it.
class FeedReader {
 public:
  FeedReader(event::EventLoop& loop, const FeedOptions& options, cache::MemoryCache& cache, metrics::Metrics& metrics,
             FeedFollower& follower);
  ~FeedReader();
  FeedReader(const FeedReader&) = delete;
  FeedReader& operator=(const FeedReader&) = delete;

  void start();
  // The next proof is made soon after the read that is under way, as if events had come.
  void want_proof() { is_proof_wanted_ = true; }
  // Ends the reading; `on_left` is called when no proof of this node can reach the server any more.
  void leave(UniqueFunction<void()> on_left);

 private:
  void connect();
  void on_state(const Status& state);
  void next();
  void read_on(std::chrono::milliseconds block);
  void on_read(const Result<redis::Reply>& reply);
  void prove();
  void on_proof(Instant sent, const Result<redis::Reply>& reply);
  void attach(const Proof& proof);
  void count_gap(const Proof& proof);
  void on_proven(Instant sent);
  // False when an entry is not one.
  bool apply(const std::vector<redis::Reply>& entries);
  void apply_one(cache::EventId id, const std::vector<redis::Reply>& fields);
  void break_off(std::string why);
  void say_left();

  event::EventLoop& loop_;
  const FeedOptions options_;
  cache::MemoryCache& cache_;
  metrics::Metrics& metrics_;
  metrics::FeedMetrics& counts_;
  FeedFollower& follower_;

  std::optional<Position> position_;  // None before the first proof. Survives connections.
  Instant proof_sent_{};              // The last one.
  bool is_proof_wanted_ = false;      // Somebody may wait for the registry to say what was applied since.
  bool is_proof_under_way_ = false;
  std::optional<Instant> registered_from_;  // The registry has this node, without a pause, since then,
  Instant registered_until_{};              // and until then.
  std::uint32_t failures_ = 0;              // Since the last proof.

  UniqueFunction<void()> on_left_;  // Set: this node is leaving.

  redis::SentinelMemory sentinels_;
  std::unique_ptr<redis::PrimaryConnection> connection_;
  event::Timer reconnect_;
};

}  // namespace edge::feed
