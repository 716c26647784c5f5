// A worker's way to the Redis tier: looks before a fill asks the origin, and puts after it has. Neither ever holds up
// an answer for longer than `redis.timeout`, or, where another node asks the origin already, `redis.claim`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "cache/event_id.h"
#include "cache/memory_budget.h"
#include "event/event_loop.h"
#include "metrics/worker_metrics.h"
#include "redis/link.h"
#include "serving/tier_look.h"
#include "tier2/layout.h"
#include "tier2/scripts.h"
#include "tier2/tier_options.h"
#include "tier2/tier_state.h"

namespace edge::serving {

// What is put.
struct TierPut {
  std::shared_ptr<const tier2::Place> place;  // Taken when the origin was asked (PROTOCOL R22).
  std::string_view avatar;
  cache::EventId as_of;
  cache::EventId floor;
  Ref<const cache::StoredResponse> response;
  Instant usable_until;
};

// Owned by a worker. Loop's thread only; what it is given outlives it.
class Tier {
 public:
  static constexpr std::uint32_t kLateInRowMax = 10;              // Looks; then the tier is passed over for
  static constexpr std::chrono::milliseconds kPassedOver{1'000};  // so long, and one look tries it again.
  static constexpr std::size_t kPutBytesMax = 64 << 20;           // Of entries on their way.

  Tier(event::EventLoop& loop, const tier2::TierOptions& options, const tier2::TierState& state,
       cache::MemoryBudget& budget, metrics::WorkerMetrics& metrics);
  ~Tier();
  Tier(const Tier&) = delete;
  Tier& operator=(const Tier&) = delete;

  // Null where the tier is not to be asked now. `on_done` runs in a later turn.
  std::unique_ptr<TierLook> try_look(TierQuestion question, TierLook::OnDone on_done);
  // Taken when the origin is asked, for put(); null while the tier may not be used.
  std::shared_ptr<const tier2::Place> place() const { return state_.place(); }
  // False where it stays out of the tier; what was claimed is then to be released.
  bool put(const TierPut& what);
  // What was claimed will not be put.
  void release_claim(const TierLook& look);

 private:
  friend class TierLook;

  bool is_passed_over();
  void note_answer(bool in_time);
  void note_time(std::uint64_t redis_ms);
  void on_put(std::size_t bytes, const Result<redis::Reply>& reply);

  event::EventLoop& loop_;
  const tier2::TierOptions options_;
  const tier2::TierState& state_;
  const std::string node_;  // Whose claims these are: the process's.
  const tier2::Layout layout_;
  cache::MemoryBudget& budget_;
  metrics::WorkerMetrics& metrics_;
  std::string vary_;  // Of the response seen last: most avatars of a site vary on the same.
  std::uint64_t last_serial_ = 0;
  std::unordered_map<std::uint64_t, TierLook*> looks_;  // By the serial of their question.
  std::uint32_t late_in_row_ = 0;
  Instant passed_over_until_{};
  bool is_trying_again_ = false;
  std::size_t put_bytes_ = 0;
  // Redis's clock, as it was told last, and when that came here: it is no earlier than that and what has passed since.
  std::optional<std::uint64_t> redis_ms_;
  Instant redis_ms_at_{};
  redis::Link link_;
};

}  // namespace edge::serving
