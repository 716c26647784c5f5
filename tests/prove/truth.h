// What is true of each avatar: its versions at the origin, and below which no answer may be.
//
// Every promise of the edge becomes a lowest version that a request sent now may be answered with. It is read when the
// request is sent, never later, so that whatever happens in between counts in favour of the edge: a violation found
// here is one.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "moment.h"

namespace prove {

constexpr std::size_t kVariants = 3;
constexpr std::array<const char*, kVariants> kVariantNames{"48", "132", "640"};

struct State {
  std::uint64_t version = 0;
  bool is_deleted = false;
};

// The lowest versions that an answer may have; 0 where nothing is promised.
struct Lowest {
  std::uint64_t bounded = 0;       // Published a lease ago or longer.
  std::uint64_t outage = 0;        // Committed a lease ago or longer, while no node can hear of anything.
  std::uint64_t acknowledged = 0;  // Waited for, and said to be everywhere.
  std::uint64_t seen = 0;          // Answered by that node, for that URL.
  std::uint64_t fenced = 0;        // That node says that it has applied the event.
  std::uint64_t passed = 0;        // That node itself passed the change on.
};

class Truth {
 public:
  Truth(std::size_t avatars, std::size_t nodes, Duration lease);

  std::size_t avatars() const { return entries_.size(); }
  std::size_t nodes() const { return nodes_; }

  // --- The origin ---

  State read(std::size_t avatar) const;
  // What it was at that time.
  State read(std::size_t avatar, Moment as_of) const;
  std::uint64_t commit(std::size_t avatar, bool is_deleted);
  // A change that comes by a request through the edge: it happens only while its sender still waits for it, so that
  // nothing changes behind the back of the writer who owns the avatar. 0: it does not.
  void expect_change(std::size_t avatar, std::uint64_t token);
  std::uint64_t try_change(std::size_t avatar, std::uint64_t token, bool is_deleted);
  // The version that it made, 0 if it never came.
  std::uint64_t end_change(std::size_t avatar);

  // --- What has been promised of it ---

  // The event of `version` is in the stream since `at` or earlier.
  void published(std::size_t avatar, std::uint64_t version, Moment at);
  void acknowledged(std::size_t avatar, std::uint64_t version);
  void fenced(std::size_t node, std::size_t avatar, std::uint64_t version);
  void passed(std::size_t node, std::size_t avatar, std::uint64_t version);
  void seen(std::size_t node, std::size_t avatar, std::size_t variant, std::uint64_t version);

  // `outage_since`: since when no node can have had a proof; Moment::max() if they can.
  Lowest lowest(std::size_t node, std::size_t avatar, std::size_t variant, Moment now, Moment outage_since) const;
  std::uint64_t last_seen(std::size_t node, std::size_t avatar, std::size_t variant) const;

  // When the version after `version` was committed and published, in words, as seen from `now`.
  std::string tell(std::size_t avatar, std::uint64_t version, Moment now) const;

 private:
  struct Commit {
    State state;
    Moment at;
    Moment published = Moment::max();
  };
  struct AtNode {
    std::uint64_t fenced = 0, passed = 0;
    std::array<std::uint64_t, kVariants> seen{};
  };
  struct Entry {
    mutable std::mutex mutex;
    std::deque<Commit> commits;  // The last kCommitsMax, oldest first; never empty.
    mutable std::uint64_t bounded = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t token = 0, changed = 0;
    std::vector<AtNode> nodes;
  };
  static constexpr std::size_t kCommitsMax = 512;

  static std::uint64_t commit_locked(Entry& entry, bool is_deleted);

  const std::size_t nodes_;
  const Duration lease_;
  std::vector<std::unique_ptr<Entry>> entries_;
};

}  // namespace prove
