// Follows the update feed from beside it: plain reads on one connection. It is in no registry, nobody waits for it, and
// it writes nothing.
#pragma once

#include <memory>
#include <optional>
#include <span>

#include "cache/event_id.h"
#include "event/event_loop.h"
#include "event/timer.h"
#include "feed/feed_options.h"
#include "feed/update_event.h"
#include "redis/primary_connection.h"
#include "redis/sentinel_memory.h"

namespace edge::verify {

// An entry of the stream; `event` says what is wrong with it where it is none.
struct FeedEntry {
  cache::EventId id;
  Result<feed::UpdateEvent> event;
};

// Owned by the run. Loop's thread only.
class FeedFollower {
 public:
  using OnEntries = UniqueFunction<void(std::span<const FeedEntry>)>;
  // Everything that was in the stream at that instant has been handed over.
  using OnCaughtUp = UniqueFunction<void(Instant)>;

  // `from`: what comes after that; absent: what comes after the start.
  FeedFollower(event::EventLoop& loop, const feed::FeedOptions& options, std::optional<cache::EventId> from,
               OnEntries on_entries, OnCaughtUp on_caught_up);
  ~FeedFollower();
  FeedFollower(const FeedFollower&) = delete;
  FeedFollower& operator=(const FeedFollower&) = delete;

  void start() { connect(); }
  // The last entry handed over, or where it began; null until it has begun.
  std::optional<cache::EventId> position() const { return position_; }
  bool is_connected() const { return is_reading_; }
  bool was_ever_connected() const { return was_ever_reading_; }

 private:
  void connect();
  void on_state(const Status& state);
  void on_newest(const Result<redis::Reply>& reply);
  void read_on();
  void on_read(Instant sent, const Result<redis::Reply>& reply);
  bool hand_over(const std::vector<redis::Reply>& entries);

  event::EventLoop& loop_;
  const feed::FeedOptions options_;
  std::optional<cache::EventId> position_;
  OnEntries on_entries_;
  OnCaughtUp on_caught_up_;
  bool is_reading_ = false;
  bool was_ever_reading_ = false;
  std::chrono::milliseconds pause_{0};  // Before the last try.
  redis::SentinelMemory sentinels_;
  std::unique_ptr<redis::PrimaryConnection> connection_;
  event::Timer reconnect_;
};

}  // namespace edge::verify
