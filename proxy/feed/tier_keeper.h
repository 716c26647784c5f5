// Keeps the Redis tier in step with the feed: tells it every event, moves its clean positions to what is proven, and
// says whether this node may use it (PROTOCOL, "Tier").
//
// After every (re)connection: learn the epoch, then where each bucket stands, then have a proof made, then replay what
// lies between, then open. In that order: a clean position that was read after the proof might lie past it, and would
// look like one of another life of the feed. Where the replay cannot be had whole, or the positions are of another
// life, the epoch moves (R26, R27).
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_loop.h"
#include "event/timer.h"
#include "feed/feed_options.h"
#include "feed/proof.h"
#include "metrics/tier_metrics.h"
#include "redis/link.h"
#include "tier2/layout.h"
#include "tier2/scripts.h"
#include "tier2/tier_options.h"
#include "tier2/tier_state.h"

namespace edge::feed {

// Owned by the feed, on its loop's thread. What it is given outlives it.
class TierKeeper {
 public:
  static constexpr std::size_t kReplayMax = 200'000;       // Events; a longer way is not gone, the epoch moves.
  static constexpr std::size_t kPendingMax = 200'000;      // Events that Redis has yet to take; then it begins anew.
  static constexpr std::size_t kForgetMax = 1'000;         // Avatars to be forgotten; then the epoch moves.
  static constexpr std::size_t kFloorsPerBucket = 65'536;  // Then all of them go and raise the mark.

  // `want_proof`: asks for a proof, soon.
  TierKeeper(event::EventLoop& loop, const FeedOptions& feed, const tier2::TierOptions& options,
             tier2::TierState& state, metrics::TierMetrics& counts, UniqueFunction<void()> want_proof);
  ~TierKeeper();
  TierKeeper(const TierKeeper&) = delete;
  TierKeeper& operator=(const TierKeeper&) = delete;

  // Called by whoever follows the feed (FeedFollower).
  void on_gap();
  void on_event(cache::EventId id, std::uint64_t entries_added, std::string_view avatar);
  void on_proven(const Position& position, Instant sent);

  // A purge by hand (R30): what the tier holds of the avatar goes, as soon as it can be reached.
  void forget(std::string avatar);
  // Of everything; TierState::forbid() was called before. The epoch moves.
  void forget_all();

 private:
  // In the order in which they happen.
  enum class Step {
    Down,      // No connection.
    Epoch,     // Which epoch counts?
    Clean,     // Where does each bucket stand?
    Proof,     // Where does this node stand? A proof that was sent after the last answer will say.
    Replay,    // What lies between?
    Catching,  // That is being told.
    Open,
  };
  using Buckets = std::array<tier2::Clean, tier2::kBuckets>;

  void on_link(const Status& state);
  void ask_fitness();
  void start_over();
  void start_over_soon();
  void on_epoch(const Result<redis::Reply>& reply);
  void ask_clean(std::uint32_t bucket);
  void on_clean(std::uint32_t bucket, const Result<redis::Reply>& reply);
  void compare();
  void replay();
  void on_replayed(const Result<redis::Reply>& reply);
  bool take_replayed(const std::vector<redis::Reply>& entries);
  void catch_up();
  void open();
  void move_epoch(std::string_view why);
  void on_epoch_moved(const std::string& to, const Result<redis::Reply>& reply);
  void flush();
  void apply(std::uint32_t bucket, tier2::Point from, const tier2::Point& to,
             const std::vector<const tier2::TierEvent*>& events);
  void on_applied(const Result<redis::Reply>& reply);
  void look();
  void send_forgotten();
  using OnReply = UniqueFunction<void(const Result<redis::Reply>&)>;
  OnReply in_this_round(OnReply on_reply);
  OnReply if_good(OnReply on_reply);
  void ask(const std::vector<std::string>& words, OnReply on_reply);
  void run(tier2::Script script, const tier2::Words& words, OnReply on_reply);
  void send(tier2::Script script, const tier2::Words& words, OnReply on_reply);
  std::string unique_name();

  event::EventLoop& loop_;
  const FeedOptions feed_options_;
  const tier2::TierOptions options_;
  const tier2::Layout layout_;
  tier2::TierState& state_;
  metrics::TierMetrics& counts_;
  UniqueFunction<void()> want_proof_;

  Step step_ = Step::Down;
  std::uint64_t round_ = 0;  // Of steps: an answer to an earlier one is not listened to.
  std::string epoch_;
  Buckets buckets_{};
  std::size_t buckets_known_ = 0;
  Instant clean_known_at_{};
  std::optional<Position> position_;      // The last one proven.
  std::deque<tier2::TierEvent> pending_;  // Read, and not yet told to the tier; also those that are not yet proven.
  std::vector<tier2::TierEvent> replayed_;
  tier2::Point target_;                    // Where this node stood when it compared,
  tier2::Point reached_;                   // and up to where it has replayed.
  std::size_t batches_ = 0;                // APPLYs under way.
  tier2::Point told_;                      // Up to here the tier has been told everything.
  std::map<std::string, bool> to_forget_;  // Avatars; whether Redis has been told in this round.
  std::uint64_t epochs_to_move_ = 0;       // Purges of everything that wait for it.
  std::uint32_t moves_in_vain_ = 0;        // Epochs moved since it was last open.
  std::uint64_t names_given_ = 0;
  std::vector<redis::Reply> fitness_;  // What was answered so far.

  redis::Link link_;
  redis::Link feed_link_;  // Reads what lies between; the reader's own connection waits for what is new.
  event::Timer look_;
  event::Timer again_;
};

}  // namespace edge::feed
