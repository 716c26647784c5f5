// One look into the Redis tier, from the question to what comes of it.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cache/event_id.h"
#include "cache/stored_response.h"
#include "event/timer.h"
#include "metrics/outcome.h"
#include "redis/reply.h"
#include "tier2/scripts.h"
#include "tier2/tier_state.h"

namespace edge::serving {

class Tier;

struct TierHit {
  Ref<const cache::StoredResponse> response;
  cache::EventId known_to;  // Every event up to it has been taken into account, here or by whoever put it.
};

// What is looked for.
struct TierQuestion {
  std::string avatar;
  std::string url;
  std::string request_lines;  // From which Vary selects.
};

// A look under way. Destroying or cancelling it guarantees that `on_done` will not run; not to be destroyed inside it.
class TierLook {
 public:
  // Nothing: there is none, or it was not to be had in time.
  using OnDone = UniqueFunction<void(std::optional<TierHit>)>;

  TierLook(Tier& tier, std::shared_ptr<const tier2::Place> place, TierQuestion question, OnDone on_done);
  ~TierLook();
  TierLook(const TierLook&) = delete;
  TierLook& operator=(const TierLook&) = delete;

  void cancel();
  // Whether other nodes may wait for what this one is going to ask the origin for.
  bool has_claim() const { return has_claim_; }
  const TierQuestion& question() const { return question_; }
  const std::shared_ptr<const tier2::Place>& place() const { return place_; }

 private:
  friend class Tier;

  bool ask();
  void on_answer(Result<redis::Reply> reply);
  void on_timer();
  void wait_for_other();
  void read_entry(const tier2::GetAnswer& answer);
  void done(std::optional<TierHit> hit, std::optional<metrics::TierLookEnd> end);

  Tier& tier_;
  const std::shared_ptr<const tier2::Place> place_;
  const TierQuestion question_;
  OnDone on_done_;
  const Instant begun_;
  std::string vary_;       // What the URL's response is thought to vary on,
  std::string selecting_;  // and what of the request that makes.
  bool has_asked_again_ = false;
  bool has_claim_ = false;
  bool is_waiting_ = false;  // For another node, until its response is there or the time is over.
  std::chrono::milliseconds pause_{0};
  std::uint64_t serial_ = 0;  // Of the question under way; 0: none is.
  event::Timer timer_;
};

}  // namespace edge::serving
