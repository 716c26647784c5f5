// The process whose place this one takes, where it was started by one (app/successor.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/handover_link.h"
#include "app/handover_purge.h"
#include "app/listener_tls.h"
#include "app/successor.h"
#include "base/result.h"
#include "cache/memory_cache.h"
#include "event/timer.h"
#include "feed/feed.h"
#include "net/inherited_sockets.h"
#include "serving/routes.h"

namespace edge::app {

// What it has left to us. Owned by whoever takes it.
struct Inheritance {
  net::Socket link;
  net::InheritedSockets sockets;
  std::uint32_t generation = 0;  // Processes before this one, each in the place of the last.
};

// Owned by the edge. Main's thread only.
class Predecessor {
 public:
  // The variable in the environment that says so: of `sockets` sockets behind the link.
  static std::string variable(std::size_t sockets, std::uint32_t generation);
  // As the environment says, from which it is taken out; nullopt where nobody left anything. Before there are other
  // threads.
  static Result<std::optional<Inheritance>> take_from_environment();

  struct Parts {
    cache::MemoryCache& cache;
    const feed::Feed* feed;  // Null: nothing is taken over but the sockets.
    const serving::Routes& routes;
    const Clock& clock;
    UniqueFunction<void(const HandSwitches&)> on_switches;
    UniqueFunction<void(ListenerTls::TicketKeys)> on_ticket_keys;
    // What it has counted until now.
    UniqueFunction<void(std::string_view block)> on_totals;
    // All that will come has come; say_ready() is to follow.
    UniqueFunction<void()> on_taken_over;
    // The other process no longer speaks for us both; also where it has ended, at any time.
    UniqueFunction<void()> on_alone;
    // It has purged by hand.
    UniqueFunction<void(const serving::Purge&)> on_purged;
  };
  Predecessor(event::EventLoop& loop, net::Socket link, Parts parts);

  // The feed has been heard, if ever it will be. Waits for at most `patience`; 0: asks for nothing.
  void take_over(std::uint64_t object_bytes_max, std::chrono::milliseconds patience);
  // We serve.
  void say_ready();
  bool is_alone() const { return is_alone_; }
  // This process has purged by hand; told as long as the other one is there.
  void tell(const serving::Purge& purge) { purges_.tell(link_, purge); }

 private:
  void on_frame(const HandoverFrame& frame);
  void on_tickets(Result<ListenerTls::TicketKeys> keys);
  void on_held(const HandoverFrame& frame);
  bool try_hold(std::string_view url, std::string_view bytes, cache::EventId known_to);
  void on_closed();
  void on_alone();
  void end();

  event::EventLoop& loop_;
  Parts parts_;
  HandoverLink link_;
  PurgeTeller purges_;
  std::optional<feed::Feed::Standing> asked_;  // As we stood when we asked; null: not asked, or over.
  Instant asked_at_{};
  bool has_ended_ = false;
  bool is_alone_ = false;
  std::uint64_t taken_ = 0;
  std::uint64_t refused_ = 0;
  event::Timer deadline_;
};

}  // namespace edge::app
