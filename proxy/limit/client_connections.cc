#include "limit/client_connections.h"

#include "base/check.h"

namespace edge::limit {

std::optional<ClientConnections::Place> ClientConnections::try_enter(std::uint64_t client, std::uint32_t max) {
  Shard& shard = shard_of(client);
  const MutexLock lock(shard.mutex);
  const auto found = shard.counts.try_emplace(client, 0).first;
  if (found->second >= max) {
    if (found->second == 0) shard.counts.erase(found);
    return std::nullopt;
  }
  ++found->second;
  return Place(*this, client);
}

void ClientConnections::leave(std::uint64_t client) {
  Shard& shard = shard_of(client);
  const MutexLock lock(shard.mutex);
  const auto found = shard.counts.find(client);
  EDGE_CHECK(found != shard.counts.end());
  if (--found->second == 0) shard.counts.erase(found);
}

}  // namespace edge::limit
