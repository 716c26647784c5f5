// One request of a client, from its head to its answer.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "cache/cache_key.h"
#include "frontend/exchange.h"
#include "http/target.h"
#include "serving/answers.h"
#include "serving/fill_runner.h"
#include "serving/pass.h"
#include "serving/services.h"
#include "serving/waiters.h"

namespace edge::serving {

// Owned by its exchange's connection while it goes on. Loop's thread only.
class AvatarRequest final : public frontend::ExchangeTask, public FillWaiter {
 public:
  AvatarRequest(Services& services, frontend::Exchange& exchange);
  ~AvatarRequest() override;
  AvatarRequest(const AvatarRequest&) = delete;
  AvatarRequest& operator=(const AvatarRequest&) = delete;

  // A hit lives for one call: its memory is used again, so that it costs no allocation.
  static void* operator new(std::size_t bytes);
  static void operator delete(void* memory) noexcept;

  // Goes as far as it can now. True when the answer is complete.
  bool begin();

  void on_body(std::string_view piece) override;
  void on_body_end() override;
  void on_writable() override;

  void on_fill(const FillOutcome& outcome) override;
  void on_interim(const http::ResponseHead& head) override { send_interim(exchange_, head); }
  void take_stream(std::unique_ptr<origin::Fetch> fetch, const http::ResponseHead& head, std::string_view why) override;

 private:
  // In the order in which they happen.
  enum class Step {
    Validate,  // Is it a request that we understand? What does it name?
    Limit,     // Does it come too soon after others? Is there too much of everything?
    Verify,    // May it know this URL?
    Route,     // What may be done with it: look it up, pass it on, purge?
    Lookup,    // Hit, or who fills it?
    Purge,
    Pass,
    Suspended,  // A fill or the origin will call.
    Done,
  };

  void run(Step step);
  Step validate();
  std::optional<std::uint64_t> forwards_left() const;
  Step limit();
  Step verify();
  Step route();
  Step look_up();
  Step pass();
  Step shed(metrics::Limit limit);

  Step pass_because(http::ForwardReason reason, std::string_view detail);
  void reduce_accept();
  Step answer_hit(const cache::Hit& hit);
  Step answer_stale(cache::StaleHit hit);
  Step answer_absent(http::ForwardReason why);
  Step lead(cache::Lead lead);
  Step wait(http::ForwardReason why, bool is_for_trust, bool leads);
  Step join(cache::Joined joined);
  void answer_arriving(const Ref<cache::Arrival>& arrival);
  void send_arrived();
  void wait_on();
  http::CacheStatus filled_status(std::optional<std::uint16_t> forward_status);
  void answer_filled(const Filled& filled);
  void look_again();
  void answer(const Ref<const cache::StoredResponse>& response, const http::CacheStatus& status,
              const std::string* own_lines = nullptr);
  bool may_use_tier(const cache::Lead& first) const;
  bool wants_it_fresher() const;
  std::string fill_request_lines() const;
  const http::Fields& fields() const { return reduced_fields_ ? *reduced_fields_ : exchange_.request().fields; }

  Services& services_;
  frontend::Exchange& exchange_;

  http::Target target_;
  std::string target_scratch_;
  std::string avatar_scratch_;
  std::optional<cache::CacheKey> key_;
  std::size_t route_ = kNoRoute;
  http::UseLimits limits_;
  cache::Question::Fill fill_ = cache::Question::Fill::Shared;
  std::string reduced_accept_;
  std::optional<http::Fields> reduced_fields_;  // The request's, with Accept reduced; else they stand in the exchange.

  cache::WaiterId waiter_;
  bool waits_ = false;
  bool leads_ = false;
  bool is_for_trust_ = false;  // What is held is fresh; it is revalidated because nobody vouches for it.
  std::uint32_t lookups_ = 0;
  std::optional<Instant> arrived_;                          // Noted when it begins to wait, so a little late.
  http::ForwardReason why_ = http::ForwardReason::UriMiss;  // Why what was held, if anything, would not do.

  Ref<cache::Arrival> arrival_;  // What is answered while it comes; null: nothing.
  cache::WaiterId reader_;       // By which we hear of more of it.
  std::uint64_t arrived_sent_ = 0;

  http::ForwardReason pass_reason_ = http::ForwardReason::Bypass;
  std::string_view pass_detail_;
  std::unique_ptr<Pass> pass_;
};

}  // namespace edge::serving
