// The process that takes this one's place: the same program as it is on disk now, with the same listening sockets.
// Until it says that it serves, this one goes on; if it never does, this one goes on too.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/handover_link.h"
#include "app/handover_purge.h"
#include "app/listener_tls.h"
#include "base/process.h"
#include "cache/memory_cache.h"
#include "event/timer.h"
#include "feed/feed.h"

namespace edge::app {

// What was switched by hand, which no file tells the next process.
struct HandSwitches {
  bool is_maintenance_wanted = false;
  bool is_degraded = false;
};

// Owned by the edge. Main's thread only.
//
// What memory holds is handed over as a tier hands over what it holds, and is believed by the same rule (PROTOCOL R20):
// it goes with a position of the feed up to which every event had been applied when it was held, and the new process,
// which knows all events since it has begun to read, takes what no later one speaks against. Positions compare because
// both have the feed of the same life of its server, and no gap comes in between on either side.
class Successor {
 public:
  struct Parts {
    const cache::MemoryCache& cache;
    const feed::Feed& feed;
    const Clock& clock;
    UniqueFunction<HandSwitches()> switches;
    UniqueFunction<std::vector<ListenerTls::TicketKeys>()> ticket_keys;
    // A block of what this process has counted (metrics/totals.h).
    UniqueFunction<std::string()> totals;
    // It serves: whoever still does here is to end.
    UniqueFunction<void(pid_t)> on_serving;
    // It has been ended, or has ended by itself.
    UniqueFunction<void(std::string_view why)> on_failed;
    // The other process has purged by hand.
    UniqueFunction<void(const serving::Purge&)> on_purged;
  };
  Successor(event::EventLoop& loop, Parts parts);
  ~Successor();

  // `generation`: of the new process, 1 more than ours. `patience`: until it must say that it serves. Fails where it
  // cannot be started; not to be called while one is on its way.
  Status start(const Invocation& invocation, std::vector<std::string> variables,
               const std::vector<net::Socket>& sockets, std::uint32_t generation, std::chrono::milliseconds patience);
  bool is_under_way() const { return child_.has_value(); }
  // Ends the new process, if it is on its way: it is not to serve when this one is told to end.
  void give_up();
  // This process has purged by hand; told as long as the other one is there.
  void tell(const serving::Purge& purge);
  // After on_serving: what this one has counted until now, and whatever else it is still to be told. Waits
  // until that has gone, for a moment at most. For who runs the loop no more.
  void tell_rest();

 private:
  // What is being handed over.
  struct Handover {
    feed::Feed::Standing wanted;  // Of the new process.
    std::uint64_t object_bytes_max = 0;
    std::uint64_t bytes_left = 0;
    std::uint64_t generation = 0;  // Ours; 0: not begun.
    bool has_begun = false;
    std::size_t next_shard = 0;
    std::vector<cache::HeldResponse> shard;  // What is left of the last one, from `next`.
    std::size_t next = 0;
    cache::EventId known_to;
    std::uint64_t count = 0;
  };

  void send_standing();
  void on_frame(const HandoverFrame& frame);
  void on_want(const HandoverFrame& frame);
  void hand_over();
  bool try_begin();
  bool take_shard();
  void take_shard_again();
  void send_one(const cache::HeldResponse& held);
  void end_handover();
  void on_serving();
  void tell_totals();
  void send_totals();
  void on_sent();
  void fail(std::string_view why);

  event::EventLoop& loop_;
  Parts parts_;
  std::optional<pid_t> child_;
  std::unique_ptr<HandoverLink> link_;  // Stays while the new process serves.
  PurgeTeller purges_;
  std::optional<Handover> handover_;
  event::Timer retry_;
  event::Timer totals_;  // While the new process serves and this one still counts.
  event::Timer deadline_;
};

}  // namespace edge::app
