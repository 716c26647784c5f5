// One request of a fetch to one of the origin's URLs.
#pragma once

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "origin/balancer.h"
#include "origin/carrier.h"

namespace edge::origin {

// Whoever makes attempts.
class AttemptOwner {
 public:
  // One of them has noted something, or was woken. Never called from inside a call on one.
  virtual void on_noted() = 0;

 protected:
  ~AttemptOwner() = default;
};

// A transfer, what carries it, and when it began. Owned by its Call, which uses it again and again; loop's thread only.
class Attempt final : public TransferUser {
 public:
  // `alone` outlives it, and wakes it while it has no transfer.
  Attempt(AttemptOwner& owner, Carrier& alone) : owner_(owner), alone_(alone), carrier_(&alone) {}
  ~Attempt() override { carrier_->forget(*this); }

  // One that is under way is given up for it.
  void begin(Carrier& carrier, const TransferJob& job, Instant now, Instant connect_deadline) {
    end();
    carrier_ = &carrier;
    transfer_ = carrier.take_transfer();
    url_ = job.url;
    begun_at_ = now;
    connect_deadline_ = connect_deadline;
    transfer_->start(job, *this);
  }
  // Also of one that is over. The owner hears no more of it.
  void end() {
    carrier_->forget(*this);
    if (transfer_) carrier_->give_back(std::move(transfer_));
    carrier_ = &alone_;
  }
  // The owner acts in a later turn.
  void wake() { carrier_->wake(*this); }

  bool has_transfer() const { return transfer_ != nullptr; }
  Transfer& transfer() { return *transfer_; }
  const Transfer& transfer() const { return *transfer_; }
  Carrier& carrier() const { return *carrier_; }
  // Of the last that has begun.
  const OriginUrlRef& url() const { return url_; }
  Instant begun_at() const { return begun_at_; }
  Instant connect_deadline() const { return connect_deadline_; }
  // Nothing came over a connection that others share, whatever became of that: it says nothing of the URL.
  bool has_lost_shared_connection() const {
    return carrier_->shares_connections() && transfer_->is_over() && !transfer_->head().has_begun() &&
           !transfer_->failure()->is_connect_failure;
  }

 private:
  void act() override { owner_.on_noted(); }

  AttemptOwner& owner_;
  Carrier& alone_;
  Carrier* carrier_;  // The transfer's; alone_ where there is none.
  std::unique_ptr<Transfer> transfer_;
  OriginUrlRef url_;
  Instant begun_at_{};
  Instant connect_deadline_{};
};

}  // namespace edge::origin
