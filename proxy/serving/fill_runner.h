// Runs fills: asks the origin, decides what its answer may be used for, ends the fill and tells the waiters.
//
// A fill belongs to its worker, not to the request that began it: a client that leaves changes nothing.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "cache/memory_cache.h"
#include "http/cache_control.h"
#include "http/freshness.h"
#include "origin/fetch.h"
#include "serving/fill_outcome.h"
#include "serving/services.h"

namespace edge::serving {

// What a fill is begun with.
struct FillPlan {
  cache::FillPermit permit;
  cache::WaiterId leader;                  // Who gets the response if it may not be shared.
  Ref<const cache::StoredResponse> stale;  // To be revalidated, or null.
  std::string request_lines;               // The leader's end-to-end fields, without conditions and ranges.
};

class FillRun;

// Owned by a worker. Loop's thread only.
class FillRunner {
 public:
  explicit FillRunner(const Services& services);
  ~FillRunner();

  void start(FillPlan plan);
  std::size_t count() const { return runs_.size(); }
  // Ends every fill; their waiters are told that we are shutting down.
  void cancel_all();

 private:
  friend class FillRun;
  void remove(FillRun& run);

  const Services& services_;
  std::unordered_map<FillRun*, std::unique_ptr<FillRun>> runs_;
};

// One fill under way. Steps, in their order: asked, head judged, body collected, ended.
class FillRun final : public origin::FetchObserver {
 public:
  FillRun(FillRunner& runner, FillPlan plan);
  ~FillRun();
  FillRun(const FillRun&) = delete;
  FillRun& operator=(const FillRun&) = delete;

  void start();
  void cancel();

  origin::BodyMode on_head(const http::ResponseHead& head) override;
  void on_body(std::string_view piece) override;
  origin::BodyMode on_collect_overflow() override;
  void on_end() override;
  void on_error(const origin::FetchError& error) override;

 private:
  void note_head(const http::ResponseHead& head, const http::FreshnessLifetime& lifetime);
  cache::StoredResponseParts parts() const;
  void end_stored();
  void end_revalidated();
  void end_shared_error();
  origin::BodyMode hand_over(std::string_view why, bool remember);
  void end(cache::FillEnded ended, FillOutcome outcome, metrics::FillEnd how);

  FillRunner& runner_;
  const Services& services_;
  std::optional<cache::FillPermit> permit_;  // Until the fill has ended.
  const cache::WaiterId leader_;
  const Ref<const cache::StoredResponse> stale_;
  const std::string request_lines_;
  const Instant asked_at_;
  const WallTime asked_wall_;

  // Noted from the head.
  enum class Use { Store, Refresh, ShareError } use_ = Use::Store;
  std::uint16_t status_ = 0;
  std::string head_lines_;  // All of the origin's, for whoever takes the stream.
  std::string lines_;       // End-to-end, as they are stored.
  std::string selecting_;
  std::string_view etag_;
  std::optional<std::chrono::sys_seconds> last_modified_;
  std::optional<std::uint64_t> version_;
  bool has_date_ = false;
  Instant born_at_{};
  Instant fresh_until_{};

  std::unique_ptr<origin::Fetch> fetch_;  // Last member, so first to go: nothing calls back into half of us.
};

}  // namespace edge::serving
