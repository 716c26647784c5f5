// What an upgrade's two processes tell each other of purges by hand: no event of the feed says them, and both may hold
// what was purged and answer with it.
#pragma once

#include <optional>
#include <string>

#include "app/handover_link.h"
#include "cache/memory_cache.h"
#include "serving/invalidator.h"
#include "serving/routes.h"

namespace edge::app {

// Sends purges as frames. Owned by who owns the link; its thread only.
class PurgeTeller {
 public:
  // However many there are, little waits to be sent: from kUnsentMax on all is purged instead.
  void tell(HandoverLink& link, const serving::Purge& purge);
  // To be called as HandoverLink::Callbacks::on_sent.
  void on_sent(HandoverLink& link);

  static constexpr std::size_t kUnsentMax = 10'000;

 private:
  std::size_t unsent_ = 0;
  bool owes_all_ = false;
};

// What such a frame says; nullopt where it says something else.
std::optional<serving::Purge> try_purge(const HandoverFrame& frame);

// Does the same here, and says so in the log. A URL is of the avatar that `routes` name.
void repeat_purge(const serving::Purge& purge, const serving::Routes& routes, cache::MemoryCache& cache);

}  // namespace edge::app
