// Who follows the reading of the feed, step by step.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "cache/event_id.h"
#include "cache/memory_cache.h"
#include "feed/proof.h"

namespace edge::feed {

// Called on the feed's thread.
class FeedFollower {
 public:
  // The address of the server that the feed is read from; empty when there is none any more.
  virtual void on_primary(const std::string& place) = 0;
  // What was known may miss something. Called before the memory begins another generation, so that nothing of the new
  // one ends where what is of the old one still counts.
  virtual void on_gap() = 0;
  // An event has been applied; `entries_added` counts it. `dropped`: what that did here.
  virtual void on_event(cache::EventId id, std::uint64_t entries_added, std::string_view avatar,
                        cache::Invalidated dropped) = 0;
  // A proof that was sent at that time: nothing is missing up to `position.proven`, which is also what was read.
  virtual void on_proven(const Position& position, Instant sent) = 0;

 protected:
  ~FeedFollower() = default;
};

}  // namespace edge::feed
