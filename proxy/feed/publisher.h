// Publishes update events, and waits for the nodes where that is asked for.
#pragma once

#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_function.h"
#include "event/event_loop.h"
#include "event/timer.h"
#include "feed/feed_options.h"
#include "feed/publication.h"
#include "metrics/feed_metrics.h"
#include "redis/primary_connection.h"
#include "redis/sentinel_memory.h"

namespace edge::feed {

struct Published {
  cache::EventId id;
  std::optional<Acknowledgement> acknowledgement{};  // Where it was waited for.
};

// On its loop's thread, with a connection of its own: a wait must not hold up the reading.
class Publisher {
 public:
  static constexpr std::size_t kJobsMax = 10'000;      // Publications under way that somebody waits for.
  static constexpr std::size_t kPendingMax = 100'000;  // Publications that wait for Redis to come back.

  using OnDone = UniqueFunction<void(Result<Published>)>;

  // Of publish_surely: what it has become.
  using OnSurelyPublished = UniqueFunction<void(const std::string& avatar, cache::EventId id)>;

  Publisher(event::EventLoop& loop, const FeedOptions& options, metrics::FeedMetrics& counts,
            OnSurelyPublished on_surely_published = nullptr);
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  // Fails where Redis cannot be had: nothing is published then, or nobody knows. With `wait`, answers once nobody is
  // left who could serve what was before the event, or after that time with what is known by then; never before the
  // event is written or has failed, however long that takes.
  void publish(UpdateEvent event, std::optional<std::chrono::milliseconds> wait, OnDone on_done);
  // Tried until it has worked (PROTOCOL R5). Beyond kPendingMax the oldest is given up, and counted; so is what no
  // event can say.
  void publish_surely(UpdateEvent event);
  // Publishes what still waits for that, for which Redis is waited for at most so long, and takes this node out of the
  // registry, where that takes no longer than a moment. Nothing is to be published any more.
  void leave(std::chrono::milliseconds patience, UniqueFunction<void()> on_left);

 private:
  struct Job;
  using Jobs = std::list<Job>;

  void connect();
  void ask_fitness();
  void on_state(const Status& state);
  void write(Jobs::iterator job);
  void on_written(Jobs::iterator job, const Result<redis::Reply>& reply);
  void plan_look();
  void look();
  void on_registry(const Result<redis::Reply>& reply);
  void take_in(Jobs::iterator job, const Registry& registry);
  void end_late_waits();
  void finish(Jobs::iterator job, Result<Published> outcome);
  void send_pending();
  void on_pending_sent(const Result<redis::Reply>& reply);
  void forget_node();
  void say_left();

  event::EventLoop& loop_;
  const FeedOptions options_;
  metrics::FeedMetrics& counts_;
  OnSurelyPublished on_surely_published_;
  Jobs jobs_;
  bool is_looking_ = false;
  std::chrono::milliseconds look_pause_{0};
  std::deque<UpdateEvent> pending_;
  std::size_t pending_sent_ = 0;    // Of the front, not yet answered.
  UniqueFunction<void()> on_left_;  // Set: this node is leaving.
  bool is_ready_ = false;
  std::chrono::milliseconds failover_lag_{0};
  std::vector<redis::Reply> fitness_;  // What was answered so far.
  redis::SentinelMemory sentinels_;
  std::unique_ptr<redis::PrimaryConnection> connection_;
  event::Timer look_;
  event::Timer reconnect_;
  event::Timer leave_deadline_;
};

}  // namespace edge::feed
