// The update feed of this node: a thread with a loop of its own; on it a reader, a publisher, and the keeper of the
// tier where there is one.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "base/mutex.h"
#include "feed/feed_follower.h"
#include "feed/feed_options.h"
#include "feed/feed_reader.h"
#include "feed/publisher.h"
#include "feed/tier_keeper.h"

namespace edge::feed {

// Owned by the application; its methods are thread-safe once it has started.
class Feed final : private FeedFollower {
 public:
  // The tier that is to be kept in step with the feed; the state outlives the feed.
  struct Tier {
    tier2::TierOptions options;
    tier2::TierState& state;
  };
  // `cache` requires a lease from here on; so the feed is made before any thread looks things up in it. Of the options
  // the node's name may still be missing.
  Feed(const FeedOptions& options, std::optional<Tier> tier, const Clock& clock, cache::MemoryCache& cache,
       metrics::Metrics& metrics);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // What was asked for lately and has been dropped by an event, once that is proven, so that the tier may be asked for
  // it. On the feed's thread.
  using OnHot = UniqueFunction<void(const std::string& avatar, std::vector<cache::HotResponse> hot)>;
  // `node`: this node's name in the registry, which no other node has.
  void start(std::string node, OnHot on_hot = nullptr);
  // Publishes what still waits for that, for which Redis is waited for at most so long, takes this node out of the
  // registry, where that takes no longer than a moment, and ends the thread. Nothing may be served any more.
  void stop(std::chrono::milliseconds patience = {});

  // `on_done` runs on the feed's thread, or never when the feed is stopped first.
  void publish(UpdateEvent event, std::optional<std::chrono::milliseconds> wait, Publisher::OnDone on_done);
  void publish_surely(UpdateEvent event);

  // A purge by hand, of an avatar or of everything: what the tier holds of it goes, if there is one. That of everything
  // is told before it is done here: nothing may come from the tier from then on.
  void forget_in_tier(std::string avatar);
  void forget_all_in_tier();

  // The last event that was applied for certain; none before the first proof.
  std::optional<cache::EventId> position() const;
  // What this node knows of the feed now, all of one moment; nothing between a gap and the proof that ends it.
  struct Standing {
    std::string identity{};  // Of the life of the feed's server that `position` is of.
    cache::EventId position{};
    std::uint64_t generation = 0;  // Of the cache's trust.
  };
  std::optional<Standing> standing() const;
  // The address of the server that the feed is read from now; empty while there is none.
  std::string primary() const;
  // Of the lease; 0 when it has run out.
  std::chrono::nanoseconds lease_left() const;
  const FeedOptions& options() const { return options_; }

 private:
  void run();
  void on_primary(const std::string& place) override;
  void on_gap() override;
  void on_event(cache::EventId id, std::uint64_t entries_added, std::string_view avatar,
                cache::Invalidated dropped) override;
  void on_proven(const Position& position, Instant sent) override;

  FeedOptions options_;  // Constant once it has started.
  const std::optional<Tier> tier_;
  const Clock& clock_;
  event::EventLoop loop_;
  cache::MemoryCache& cache_;
  metrics::Metrics& metrics_;
  mutable Mutex mutex_;
  std::optional<cache::EventId> position_ EDGE_GUARDED_BY(mutex_);
  std::string identity_ EDGE_GUARDED_BY(mutex_);  // Empty in a gap.
  std::string primary_ EDGE_GUARDED_BY(mutex_);
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<FeedReader> reader_;
  std::unique_ptr<TierKeeper> keeper_;  // Null without a tier.
  OnHot on_hot_;
  std::vector<std::pair<std::string, std::vector<cache::HotResponse>>> hot_;  // Of events not yet proven, by avatar.
  std::thread thread_;
};

}  // namespace edge::feed
