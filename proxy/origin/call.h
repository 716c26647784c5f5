// One fetch on its way: from the queue, through its tries, to its end.
#pragma once

#include <algorithm>
#include <list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "event/event_loop.h"
#include "metrics/worker_metrics.h"
#include "origin/attempt.h"
#include "origin/breaker.h"
#include "origin/carrier.h"
#include "origin/fetch.h"
#include "origin/upload.h"
#include "origin/verdict.h"

namespace edge::origin {

class Call;

// What a call asks of the Origin that owns it.
class CallOwner {
 public:
  // What carries a transfer to that URL. `is_plain_get`: a GET without a body; `shares`: which may go over a
  // connection that others use.
  virtual Carrier& carrier_for(const OriginUrlRef& url, bool is_plain_get, bool shares) = 0;
  // It will expire at this time, perhaps sooner than it was to.
  virtual void expire_by(Instant deadline) = 0;
  // One of its connections has gone silent.
  virtual void distrust(Carrier& carrier) = 0;
  // The URL to ask.
  virtual OriginUrlRef find_first_url() = 0;
  // Another than those in `tried`; null when none is left, or when there were too many further attempts lately.
  virtual OriginUrlRef find_other_url(std::span<const OriginUrlRef> tried, metrics::OriginRetry why) = 0;
  // Another that is well, for a second attempt beside the first; it takes a place until it is given back. Null where
  // there is none, nor a place.
  virtual OriginUrlRef find_hedge_url(std::span<const OriginUrlRef> tried) = 0;
  virtual void give_back_hedge_place() = 0;
  // Whether it may be asked for once more over a connection of its own. Never refused where `is_due`, but counted.
  virtual bool may_ask_alone(bool is_due) = 0;
  // What became of an attempt at that target; of a good one twice, when its head has come and when it is complete.
  virtual void note_attempt(const Attempt& attempt, std::string_view target, Verdict verdict) = 0;
  // It was given up because another, which began later, has been answered.
  virtual void note_overtaken(const Attempt& attempt) = 0;
  // What became of the fetch as a whole: Answered, Unreachable, Failed or BadStatus; Failed also after the first.
  virtual void note_fetch(Call& call, Verdict verdict) = 0;
  // It has answered its observer for the last time; its place is free.
  virtual void on_call_ended(Call& call) = 0;
  // Nobody holds it any more; it may be used for another fetch, or freed.
  virtual void on_call_abandoned(Call& call) = 0;

 protected:
  ~CallOwner() = default;
};

struct CallLimits {
  std::chrono::milliseconds connect_timeout;
  // Both count from the start of the fetch, and while a body is being sent from its last piece.
  std::chrono::milliseconds first_byte_timeout;
  std::chrono::milliseconds total_timeout;
  std::chrono::milliseconds hedge_after;  // From the start of the first attempt; 0: there is no second beside it.
  std::uint64_t collect_bytes_max;
  bool any_5xx_is_failure;
};

// An attempt whose head has not come after `hedge_after` gets another beside it, at another URL; which of them is
// answered first, and not badly, is the fetch's from then on, and the other is given up (settle_race).
//
// Owned by its Origin, in one of its lists; lives until the handle that the observer's side holds is destroyed, and, if
// that happens inside an observer's callback, until that callback has returned. Loop's thread only.
class Call final : private AttemptOwner {
 public:
  enum class State { Spare, Queued, Running, Failing, Ended };
  using List = std::list<Call>;

  Call(event::EventLoop& loop, Carrier& alone, metrics::WorkerMetrics& metrics, CallOwner& owner);

  // Its life, in order.
  void begin(FetchRequest request, FetchObserver& observer, const CallLimits& limits);
  void enqueue();
  void launch();
  // Instead of enqueue() or launch(): on_error comes in a later turn.
  void refuse(http::ProxyError error, std::string detail,
              std::optional<std::chrono::seconds> retry_after = std::nullopt);
  void abandon();

  State state() const { return state_; }
  std::string_view target() const { return request_.target; }
  // When expire() is due; Instant::max() when nothing is waited for.
  Instant deadline() const;
  void expire();

  // The handle's side.
  void set_observer(FetchObserver& observer) { observer_ = &observer; }
  void pause() { is_paused_ = true; }
  void resume();
  Bytes take_body() { return std::move(body_); }
  void send_body(std::string_view piece);
  void end_body();
  bool is_upload_congested() const { return upload_.is_congested(); }

  // The Origin's: which of its lists this is in, and where.
  List* list = nullptr;
  List::iterator position;
  // The Origin's as well: by what its breaker knows this, until it has told it what became of it.
  std::optional<Breaker::Ticket> ticket;
  bool is_answered = false;  // By a good head, which the breaker has been told of.

 private:
  void on_noted() override;
  void step();
  bool try_elsewhere(metrics::OriginRetry why);
  bool has_failed_safely() const;
  bool try_again();
  bool must_ask_alone() const;
  bool ask_alone();
  void note_attempt(const Attempt& attempt, Verdict verdict);
  void begin_attempt(Attempt& attempt, OriginUrlRef url);
  void begin_transfer(Attempt& attempt, const OriginUrlRef& url, bool shares);
  bool may_hedge() const;
  void hedge();
  bool is_racing() const { return hedge_ != nullptr && hedge_->has_transfer(); }
  bool settle_race();
  bool expire_race();
  void drop(Attempt& attempt, Verdict verdict);
  std::optional<Verdict> try_judge(const Attempt& attempt) const;
  void deliver_interim();
  void deliver_head();
  void deliver_body();
  void deliver_collected();
  void deliver_streamed();
  void deliver_upload_drained();
  void deliver_end();
  void end_with_error(const FetchError& error);
  Verdict judge(http::ProxyError error) const;
  void leave(metrics::OriginEnd end);
  bool is_abandoned() const { return observer_ == nullptr; }
  bool may_be_sent_twice() const { return request_.method == "GET" && !request_.has_body; }
  bool has_whole_request_been_sent() const;
  Instant answer_deadline() const { return clock_from_ + std::min(limits_.first_byte_timeout, limits_.total_timeout); }
  bool awaits_client() const;
  void note_upload_moved();
  Instant deadline_of(const Attempt& attempt) const;
  bool had_little_time(const Attempt& attempt) const;

  // Constant after construction.
  event::EventLoop& loop_;
  Carrier& alone_;  // For what needs a connection of its own.
  metrics::WorkerMetrics& metrics_;
  CallOwner& owner_;

  State state_ = State::Spare;
  bool is_acting_ = false;
  bool is_paused_ = false;
  bool is_head_delivered_ = false;
  bool was_hedged_ = false;       // Or there was no URL for it.
  bool was_tried_again_ = false;  // Beside another attempt, or after one that failed otherwise than by its connection.
  bool is_drain_owed_ = false;    // Something was sent that on_upload_drained has not yet answered.
  BodyMode mode_ = BodyMode::Stream;
  std::uint16_t status_ = 0;
  FetchObserver* observer_ = nullptr;  // Null once abandoned.
  FetchRequest request_;
  Upload upload_;
  CallLimits limits_{};
  Instant started_at_{};
  Instant clock_from_{};  // From then on an answer is waited for.
  std::vector<OriginUrlRef> tried_;
  std::unique_ptr<Attempt> attempt_;  // Never null; has a transfer while running.
  std::unique_ptr<Attempt> hedge_;    // Null until a fetch needs one; has a transfer while there are two.
  std::optional<FetchError> refusal_;
  Bytes body_;
};

}  // namespace edge::origin
