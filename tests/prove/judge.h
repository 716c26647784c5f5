// Judges every answer by what was promised when its request was sent.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "answer.h"
#include "conditions.h"
#include "truth.h"

namespace prove {

enum class Kind {
  Bounded,       // Older than what was published a lease ago.
  Acknowledged,  // Older than what --wait said to be everywhere.
  Monotonic,     // Older than what that node has already answered for that URL; hits where there is a tier apart.
  Fenced,        // Older than what that node says it has applied.
  Passed,        // Older than the change that the node itself passed on.
  Failed,        // An error though the origin was well and the node up.
  Unanswered,    // No answer, likewise.
  Torn,          // Head and body of two different answers, or of another avatar; or not HTTP.
  Unpublished,   // A change that went through a node did not come into the stream.
  Refused,       // An update was not taken, or not acknowledged, though nothing was out of order.
  Unrecovered,   // The harness found a node that did not recover by itself.
};
constexpr std::size_t kKinds = 11;
constexpr std::array<const char*, kKinds> kKindNames{"bounded",     "acknowledged", "monotonic",  "fenced",
                                                     "passed",      "failed",       "unanswered", "torn",
                                                     "unpublished", "refused",      "unrecovered"};

// A request, with what was promised when it was sent.
struct Asked {
  std::size_t node = 0, avatar = 0, variant = 0;
  Moment at;
  Moment outage_since;
  Lowest lowest;
};

class Judge {
 public:
  // Of each kind the first kTold are described.
  static constexpr std::uint64_t kTold = 5;
  using Tell = std::function<void(Kind, const std::string&)>;

  // `has_tier`: what a node has answered it may find in the tier as it was before, as long as it has heard of no event
  // that says more. Such answers are counted alone.
  Judge(Truth& truth, const Conditions& conditions, bool has_tier, Tell tell)
      : truth_(truth), conditions_(conditions), has_tier_(has_tier), tell_(std::move(tell)) {}

  // Call before the request is sent.
  Asked ask(std::size_t node, std::size_t avatar, std::size_t variant, Moment now) const;
  // Call after the answer is there.
  void answered(const Asked& asked, const Answer& answer, Moment now);
  // The connection failed, or nothing came for too long.
  void unanswered(const Asked& asked, std::string_view why, Moment now);
  // The connection closed when a part of the first answer was there, which an origin that breaks off what is sent on
  // while it comes does to all that was asked on that connection.
  void broken_off(const Asked& asked, Moment now);
  void violated(Kind kind, const std::string& what);

  std::uint64_t count(Kind kind) const { return counts_[static_cast<std::size_t>(kind)].load(); }
  std::uint64_t excused() const { return excused_.load(); }
  std::uint64_t receded() const { return receded_.load(); }

 private:
  void judge_version(const Asked& asked, const Answer& answer, std::uint64_t version, Moment now);
  bool is_node_excused(const Asked& asked) const { return !conditions_.node_down[asked.node].was_off_since(asked.at); }

  Truth& truth_;
  const Conditions& conditions_;
  const bool has_tier_;
  Tell tell_;
  std::array<std::atomic<std::uint64_t>, kKinds> counts_{};
  std::atomic<std::uint64_t> excused_{0};  // Errors that are allowed for what the harness was doing.
  std::atomic<std::uint64_t> receded_{0};  // Hits older than what the node had answered, where there is a tier.
};

}  // namespace prove
