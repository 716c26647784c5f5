// Runs fills: asks the origin, decides what its answer may be used for, ends the fill and tells the waiters.
//
// A fill belongs to its worker, not to the request that began it: a client that leaves changes nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "cache/memory_cache.h"
#include "event/timer.h"
#include "origin/fetch.h"
#include "serving/fill_outcome.h"
#include "serving/services.h"
#include "serving/stored_head.h"
#include "serving/tier.h"

namespace edge::serving {

constexpr std::size_t kNoRoute = SIZE_MAX;

// What a fill is begun with.
struct FillPlan {
  cache::FillPermit permit;
  // Who gets the response if it may not be shared; nobody, where a stale response is refreshed behind an answer.
  std::optional<cache::WaiterId> leader{};
  Ref<const cache::StoredResponse> stale{};  // What is held but may not be used as it is, or null.
  Instant stale_usable_until{};              // When that was last fresh and trusted.
  // The leader's end-to-end fields, without conditions and ranges. By these the response is chosen, and the origin
  // gets them, but for those of request_identity.h.
  std::string request_lines;
  std::string identity_lines{};  // In their place; of the request that leads.
  std::string avatar;
  std::size_t route = kNoRoute;     // Its place among the routes, where it counts in the limit of one.
  bool may_remember = true;         // Whether what is not storable is remembered to be so.
  bool may_use_tier = true;         // Else only the origin will do.
  UniqueFunction<void()> on_end{};  // Of a fill that somebody counts; within its last turn.
};

class FillRun;

// Owned by a worker. Loop's thread only.
class FillRunner {
 public:
  explicit FillRunner(const Services& services);
  ~FillRunner();

  void start(FillPlan plan);
  std::size_t count() const { return runs_.size(); }
  // Whether what is begun now would end at once, because there is too much to do.
  bool is_shedding() const { return services_.overload.sheds_fills(); }
  // Ends every fill; their waiters are told that we are shutting down.
  void cancel_all();

 private:
  friend class FillRun;
  void remove(FillRun& run, std::size_t route, std::uint64_t held_bytes);
  bool is_route_full(std::size_t route) const;
  // Whether a fill that holds `held` may hold so many more.
  bool has_room_for(std::uint64_t bytes, std::uint64_t held) const;

  const Services& services_;
  std::vector<std::uint32_t> fills_of_route_;
  std::uint64_t held_bytes_ = 0;  // Of bodies that are being collected, declared or come.
  std::unordered_map<FillRun*, std::unique_ptr<FillRun>> runs_;
};

// One fill under way. Steps, in their order: claimed, looked for in the tier, asked, head judged, announced where the
// body is large, body collected, ended; tests hold each open.
class FillRun final : public origin::FetchObserver {
 public:
  FillRun(FillRunner& runner, FillPlan plan);
  ~FillRun();
  FillRun(const FillRun&) = delete;
  FillRun& operator=(const FillRun&) = delete;

  void start();
  void cancel();

  void on_interim(const http::ResponseHead& head) override;
  origin::BodyMode on_head(const http::ResponseHead& head) override;
  void on_body(std::string_view piece) override;
  void on_collected(const Bytes& so_far) override;
  origin::BodyMode on_collect_overflow() override;
  void on_end() override;
  void on_error(const origin::FetchError& error) override;

 private:
  // In the order in which a head is judged.
  enum class Use {
    Store,
    Refresh,     // 304: the stale response under a new head.
    AskAgain,    // 304 about something that is not held, or that must not be held any longer.
    Refuse,      // 304 to a question without a condition.
    Behind,      // Older than an update event has said: the origin is asked once more, after a pause.
    ShareError,  // The origin is in trouble: told to all who wait, kept by nobody.
    HandOver,    // For the leader alone.
  };

  void look_into_tier();
  void on_tier(std::optional<TierHit> hit);
  void ask();
  bool hold(std::uint64_t bytes);
  void refuse(metrics::Limit limit);
  void shed();
  bool is_revalidation() const { return may_revalidate_ && stale_ && stale_->has_validator(); }
  Use judge(const http::ResponseHead& head, const http::CacheControl& control);
  Use judge_not_modified(const http::ResponseHead& head);
  http::Storability judge_storability(const http::ResponseHead& head, const http::CacheControl& control) const;
  bool is_behind(const http::ResponseHead& head) const;
  void pause_and_ask();
  void note_head(const http::ResponseHead& head, const http::CacheControl& control);
  void note_error(const http::ResponseHead& head, http::CacheControl control);
  bool may_arrive(const Bytes& so_far) const;
  void announce(const Bytes& so_far);
  void put_into_tier(const cache::FillEnded& ended, const Ref<const cache::StoredResponse>& response);
  void end_stored();
  void end_revalidated();
  void end_shared_error();
  void end_failed(http::ProxyError error, std::optional<std::chrono::seconds> retry_after = {});
  bool has_stand_in() const;
  void end_with_stand_in(cache::FillEnded ended, std::optional<std::uint16_t> forward_status);
  void turn_away_others(cache::FillEnded& ended);
  Ref<const cache::StoredResponse> make_mark() const;
  origin::BodyMode hand_over();
  void end(cache::FillEnded ended, FillOutcome outcome, metrics::FillEnd how);

  FillRunner& runner_;
  const Services& services_;
  std::optional<cache::FillPermit> permit_;  // Until the fill has ended.
  const std::optional<cache::WaiterId> leader_;
  const Ref<const cache::StoredResponse> stale_;
  const Instant stale_usable_until_;
  const std::string request_lines_;
  const std::string identity_lines_;
  const std::string avatar_;
  const std::size_t route_;
  const bool may_remember_;
  const bool may_use_tier_;
  UniqueFunction<void()> on_end_;
  bool may_revalidate_ = true;  // Until a 304 has answered another question than ours.
  std::uint32_t times_behind_ = 0;
  Instant asked_at_;

  // Noted from the head.
  Use use_ = Use::Store;
  http::Storability storability_ = http::Storability::Storable;
  std::string_view why_handed_over_;
  std::uint16_t status_ = 0;
  std::string head_lines_;  // All of the origin's, for whoever takes the stream.
  std::optional<StoredHead> head_;
  std::uint64_t held_bytes_ = 0;   // As FillRunner counts them.
  std::uint64_t body_length_ = 0;  // As declared; 0: not, or there is none.

  Ref<cache::Arrival> arrival_;  // Null: nobody is told of the body before it is whole.
  http::ProxyError why_broken_ = http::ProxyError::DestinationUnavailable;
  std::unique_ptr<TierLook> look_;             // Null: the tier was not asked.
  std::shared_ptr<const tier2::Place> place_;  // Of the tier, when the origin was asked; null: nothing is put there.
  cache::EventId as_of_;                       // The fill's, which are gone when what it brought is put.
  cache::EventId floor_;
  bool is_put_ = false;

  std::optional<event::Timer> ask_again_;  // Few fills need one.
  std::unique_ptr<origin::Fetch> fetch_;   // Last member, so first to go.
};

}  // namespace edge::serving
