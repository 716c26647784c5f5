// The update feed of this node: a thread with a loop of its own, a reader and a publisher on it.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "base/mutex.h"
#include "feed/feed_options.h"
#include "feed/feed_reader.h"
#include "feed/publisher.h"

namespace edge::feed {

// Owned by the application; its methods are thread-safe once it has started.
class Feed {
 public:
  // `cache` requires a lease from here on; so the feed is made before any thread looks things up in it. Of the options
  // the node's name may still be missing.
  Feed(const FeedOptions& options, const Clock& clock, cache::MemoryCache& cache, metrics::Metrics& metrics);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // `node`: this node's name in the registry, which no other node has.
  void start(std::string node);
  // Publishes what still waits for that and takes this node out of the registry, where that takes no longer than a
  // moment, and ends the thread. Nothing may be served any more.
  void stop();

  // `on_done` runs on the feed's thread, or never when the feed is stopped first.
  void publish(UpdateEvent event, std::optional<std::chrono::milliseconds> wait, Publisher::OnDone on_done);
  void publish_surely(UpdateEvent event);

  // The last event that was applied for certain; none before the first proof.
  std::optional<cache::EventId> position() const;
  // Of the lease; 0 when it has run out.
  std::chrono::nanoseconds lease_left() const;
  const FeedOptions& options() const { return options_; }

 private:
  void run();
  void set_position(cache::EventId position);

  FeedOptions options_;  // Constant once it has started.
  const Clock& clock_;
  event::EventLoop loop_;
  cache::MemoryCache& cache_;
  metrics::Metrics& metrics_;
  mutable Mutex mutex_;
  std::optional<cache::EventId> position_ EDGE_GUARDED_BY(mutex_);
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<FeedReader> reader_;
  std::thread thread_;
};

}  // namespace edge::feed
