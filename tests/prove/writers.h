// Those who change avatars: each commits a new version at the origin and then sees to it that its event is published,
// by one of the ways there are, until that has worked.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "fences.h"
#include "http_link.h"
#include "judge.h"
#include "readers.h"
#include "redis_link.h"

namespace prove {

struct WriterOptions {
  std::vector<std::uint16_t> data_ports, admin_ports;  // One a node.
  std::uint16_t redis_port = 0;
  std::string stream = "avatar:updates";
  bool has_feed = true;  // Otherwise every node is told by its admin port.
  std::size_t writers = 6;
  std::uint64_t seed = 1;
};

// Set from any thread, obeyed from the next change on.
struct WriterOrders {
  std::atomic<std::uint64_t> rate{200};      // Changes a second, all writers together.
  std::atomic<bool> plain_only{false};       // XADD alone, with a version each.
  std::atomic<bool> passes{true};            // PUT and DELETE through the edge as well.
  std::atomic<bool> versions_always{false};  // Events without version are left out.
  std::atomic<std::int64_t> swallowed{0};    // So many of the next events are deleted in the moment of their writing.
};

struct WriterCounts {
  std::atomic<std::uint64_t> commits{0}, events{0}, acknowledged{0}, posted{0}, passed{0}, repeated{0}, pending{0};
  Histogram acknowledging;
};

// Avatars that no writer touches, for the harness to change by its own ways.
inline bool is_reserved(std::size_t avatar) { return avatar % 50 == 49; }
// Some avatars alone are changed through nodes: what a node has passed on it takes from no tier for long.
inline bool is_passed_through(std::size_t avatar) { return avatar / 50 % 3 == 0; }

class Writer {
 public:
  Writer(std::size_t index, const WriterOptions& options, WriterOrders& orders, WriterCounts& counts, Truth& truth,
         Fences& fences, Judge& judge, const Conditions& conditions);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  static constexpr std::size_t kPendingMax = 100;

  void run();
  void change_one();
  void by_stream(std::size_t avatar, bool is_deletion);
  void by_post(std::size_t avatar, bool is_deletion, bool waits);
  void by_pass(std::size_t avatar, bool is_deletion);
  void by_every_node(std::size_t avatar, bool is_deletion);
  // Writes the event of the avatar's current state to the stream. False: nobody knows whether it is there.
  bool publish(std::size_t avatar);
  void on_posted(std::size_t node, std::size_t avatar, std::uint64_t version, std::uint64_t life, const Answer& answer,
                 bool waits, Moment began);
  // A change that a node has passed on comes into the stream after the entry `before`, without our doing.
  void await_publication(std::size_t node, std::size_t avatar, std::uint64_t version, std::uint64_t life,
                         const EntryId& before, Moment began);
  struct Event {
    EntryId id;
    std::optional<std::uint64_t> version;
  };
  std::optional<Event> find_event(std::size_t avatar, EntryId& after);
  std::optional<EntryId> last_entry();
  void publish_later(std::size_t avatar);
  bool is_calm(Moment since) const { return conditions_.disturbed.was_off_since(since - std::chrono::seconds(5)); }
  Words event_words(std::size_t avatar, const State& state);
  std::string event_json(std::size_t avatar, const State& state);
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
  std::size_t some_node() { return random_() % options_.data_ports.size(); }

  const WriterOptions& options_;
  WriterOrders& orders_;
  WriterCounts& counts_;
  Truth& truth_;
  Fences& fences_;
  Judge& judge_;
  const Conditions& conditions_;
  std::mt19937_64 random_;
  std::vector<std::size_t> choices_;
  RedisLink redis_;
  std::vector<std::unique_ptr<HttpLink>> data_, admin_;
  // Committed, but whether the event is in the stream nobody knows.
  std::set<std::size_t> pending_;
  Moment retry_at_{};
  std::atomic<bool> is_ending_{false};
  std::thread thread_;
};

}  // namespace prove
