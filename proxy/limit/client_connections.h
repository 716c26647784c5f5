// How many connections each client has.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/mutex.h"

namespace edge::limit {

// One for the process, because the kernel deals out a client's connections to all workers. Thread-safe. Holds nothing
// of clients without connections, so it takes no more than the connections that there may be in all.
class ClientConnections {
 public:
  // Stands for one connection, for as long as it lives. Must not outlive the table.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept : table_(std::exchange(other.table_, nullptr)), client_(other.client_) {}
    Place& operator=(Place&& other) noexcept {
      std::swap(table_, other.table_);
      std::swap(client_, other.client_);
      return *this;
    }
    ~Place() {
      if (table_) table_->leave(client_);
    }

   private:
    friend class ClientConnections;
    Place(ClientConnections& table, std::uint64_t client) : table_(&table), client_(client) {}

    ClientConnections* table_ = nullptr;
    std::uint64_t client_ = 0;
  };

  // nullopt where the client, a keyed hash, has `max` already.
  std::optional<Place> try_enter(std::uint64_t client, std::uint32_t max);

 private:
  struct Shard {
    Mutex mutex;
    std::unordered_map<std::uint64_t, std::uint32_t> counts EDGE_GUARDED_BY(mutex);  // None is 0.
  };

  void leave(std::uint64_t client);
  Shard& shard_of(std::uint64_t client) { return shards_[client % shards_.size()]; }

  std::array<Shard, 64> shards_;
};

}  // namespace edge::limit
