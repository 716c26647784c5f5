// The proof (PROTOCOL, "Words"): one atomic exchange in which a node enters itself in the registry and learns where the
// feed stands, and with it whether it has missed anything.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cache/event_id.h"
#include "redis/reply.h"

namespace edge::feed {

// Where a node stands in one life of the feed's server.
struct Position {
  std::string identity;             // That life: the server's run and replication IDs.
  cache::EventId read;              // The last event read and applied.
  cache::EventId proven;            // The last event applied and proven.
  std::uint64_t entries_added = 0;  // As the server should have counted when `read` was the newest.
};

// What a node says of itself.
struct ProofRequest {
  std::string stream;
  std::string node;
  const Position* position = nullptr;  // Null: it has none yet, and asks for no entries.
  std::chrono::milliseconds lease{0};
  std::chrono::milliseconds registry{0};
  std::uint32_t entries_max = 0;  // That may come along.
};

struct Proof {
  std::string identity;
  cache::EventId last;  // The newest event that the stream has ever had.
  std::uint64_t entries_added = 0;
  std::vector<redis::Reply> entries;  // What follows `read`; each an ID and its fields.
};

// The words of the script's EVAL. Every key it touches has the stream's hash slot. The script itself compares identity
// and count, so that where nothing is missing the registry has the node's position by the same exchange that proves it
// (PROTOCOL R17).
std::vector<std::string> proof_words(const ProofRequest& request);
// Fails where the reply is an error (a write that is refused is no proof, PROTOCOL R8) or not what the script answers.
Result<Proof> parse_proof(const redis::Reply& reply);

// Keys beside the stream.
std::string registry_key(std::string_view stream);  // A hash: node, and its identity, position, lease and expiry.
std::string identity_key(std::string_view stream);  // A hash: the identity, and since when.

}  // namespace edge::feed
