// What each node says that it has applied, and what follows from it for each avatar.
#pragma once

#include <atomic>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

#include "conditions.h"
#include "redis_link.h"
#include "truth.h"

namespace prove {

// Published events wait here, by their ID, until a node's position has reached them.
class Fences {
 public:
  Fences(Truth& truth, std::size_t nodes) : truth_(truth), waiting_(nodes) {}

  // Take it before the event is published: an ID counts within the life of Redis that gave it.
  std::uint64_t life() const { return life_; }
  void add(std::uint64_t life, const EntryId& id, std::size_t avatar, std::uint64_t version);
  void applied(std::size_t node, const EntryId& position);
  void begin_life();

  std::uint64_t reached() const { return reached_; }

 private:
  struct Event {
    EntryId id;
    std::size_t avatar;
    std::uint64_t version;
    bool operator<(const Event& other) const { return id > other.id; }  // The lowest first.
  };

  Truth& truth_;
  std::mutex mutex_;
  std::atomic<std::uint64_t> life_{1}, reached_{0};
  std::vector<std::priority_queue<Event>> waiting_;
};

// Asks every node for its position, again and again, each by a thread of its own.
class Positions {
 public:
  Positions(Fences& fences, const std::vector<std::uint16_t>& admin_ports);
  ~Positions();
  Positions(const Positions&) = delete;
  Positions& operator=(const Positions&) = delete;

 private:
  void watch(std::size_t node, std::uint16_t port);

  Fences& fences_;
  std::atomic<bool> is_ending_{false};
  std::vector<std::thread> threads_;
};

}  // namespace prove
