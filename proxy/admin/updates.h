// POST /updates: an update event from whoever commits uploads. With a feed it is published to all nodes, else it
// applies to this node alone, and the answer says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "feed/feed.h"
#include "frontend/exchange.h"
#include "serving/invalidator.h"

namespace edge::admin {

// Owned by the admin handler; outlives its exchanges, and the feed's thread. Loop's thread only.
class Updates {
 public:
  // `feed`: null where there is none.
  Updates(serving::Invalidator& invalidator, feed::Feed* feed) : invalidator_(invalidator), feed_(feed) {}
  Updates(const Updates&) = delete;
  Updates& operator=(const Updates&) = delete;

  // Body: {"avatar":"42","version":57,"op":"update","at":1763800000123}: avatar is required (1 to 256 bytes), version
  // and at are unsigned 64-bit numbers, op update or delete. `query`: wait=10s answers once every live node has applied
  // the event, or after that time 504 with what is known.
  std::unique_ptr<frontend::ExchangeTask> start(frontend::Exchange& exchange, std::string_view query);

 private:
  class Waiting;
  struct Asked {
    frontend::Exchange* exchange;
    std::string avatar;
    std::optional<std::uint64_t> version;
  };

  void on_body(std::uint64_t serial, frontend::Exchange& exchange, std::string_view body,
               std::optional<std::chrono::milliseconds> wait);
  void on_published(std::uint64_t serial, const Result<feed::Published>& outcome);

  serving::Invalidator& invalidator_;
  feed::Feed* const feed_;
  std::uint64_t last_serial_ = 0;
  std::unordered_map<std::uint64_t, Asked> published_;  // Whose exchange still waits for the answer of the feed.
};

}  // namespace edge::admin
