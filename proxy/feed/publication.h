// Publishing an event, and waiting for every node to have applied it (PROTOCOL R17 to R19): the exchanges with Redis
// and the judgement over their answers.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cache/event_id.h"
#include "feed/update_event.h"
#include "redis/reply.h"

namespace edge::feed {

// A published event, as Redis took it.
struct Written {
  cache::EventId id;
  std::string identity;  // Of the feed that gave the ID.
};
// `length_max`: what the stream is trimmed to, about; 0: it is not.
std::vector<std::string> publish_words(const std::string& stream, const UpdateEvent& event, std::uint64_t length_max);
Result<Written> parse_written(const redis::Reply& reply);

// A node as the registry knows it.
struct RegisteredNode {
  std::string name;
  std::string identity;
  cache::EventId position;
  std::chrono::milliseconds lease{0};
};
struct Registry {
  std::string identity;
  std::chrono::milliseconds identity_age{0};
  std::vector<RegisteredNode> nodes;
};
// Nodes whose time has run out are taken out on the way.
std::vector<std::string> registry_words(const std::string& stream);
Result<Registry> parse_registry(const redis::Reply& reply);

// How the wait for an event stands.
struct Acknowledgement {
  struct Node {
    std::string name;
    // Since the event was written; absent: it was not seen to have applied it.
    std::optional<std::chrono::milliseconds> applied_after{};
  };
  std::vector<Node> nodes;      // All that the registry has named meanwhile.
  bool is_complete = false;     // Nobody is left who could serve what was before the event.
  bool was_waited_out = false;  // So, because the lease of those that were not seen is over.
  std::chrono::milliseconds took{0};
};

// Follows one event. Pure but for the times it is given.
class Acknowledging {
 public:
  // `lease`, `registry`: this node's own. `failover_lag`: for so long after a failover the old primary may still give
  // leases, so both count from its end.
  Acknowledging(Written written, Instant written_at, std::chrono::milliseconds lease,
                std::chrono::milliseconds registry, std::chrono::milliseconds failover_lag = {})
      : written_(std::move(written)),
        written_at_(written_at),
        longest_lease_(lease),
        registry_(registry),
        failover_lag_(failover_lag) {}

  // Takes in what the registry says now; true when the wait is over.
  bool is_over(const Registry& registry, Instant now);
  // The server that took the event is no more; whether its successor has it nobody knows, so it must be written again
  // (R19). Twice does no harm.
  bool is_of_another_life(const Registry& registry) const { return registry.identity != written_.identity; }
  const Written& written() const { return written_; }
  const Acknowledgement& so_far() const { return outcome_; }
  // Of any node: where they differ, the longest counts (R17).
  std::chrono::milliseconds longest_lease() const { return longest_lease_; }

 private:
  const Written written_;
  const Instant written_at_;
  std::chrono::milliseconds longest_lease_;
  const std::chrono::milliseconds registry_;
  const std::chrono::milliseconds failover_lag_;
  Acknowledgement outcome_;
};

}  // namespace edge::feed
