// One request of a fetch to one of the origin's URLs.
#pragma once

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "origin/balancer.h"
#include "origin/curl_multi.h"

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
  Attempt(AttemptOwner& owner, CurlMulti& alone) : owner_(owner), alone_(alone), multi_(&alone) {}
  ~Attempt() override { multi_->forget(*this); }

  // One that is under way is given up for it.
  void begin(CurlMulti& multi, const TransferJob& job, Instant now, Instant connect_deadline) {
    end();
    multi_ = &multi;
    transfer_ = multi.take_transfer();
    url_ = job.url;
    begun_at_ = now;
    connect_deadline_ = connect_deadline;
    transfer_->start(job, *this);
  }
  // Also of one that is over. The owner hears no more of it.
  void end() {
    multi_->forget(*this);
    if (transfer_) multi_->give_back(std::move(transfer_));
    multi_ = &alone_;
  }
  // The owner acts in a later turn.
  void wake() { multi_->wake(*this); }

  bool has_transfer() const { return transfer_ != nullptr; }
  CurlTransfer& transfer() { return *transfer_; }
  const CurlTransfer& transfer() const { return *transfer_; }
  CurlMulti& multi() const { return *multi_; }
  // Of the last that has begun.
  const OriginUrlRef& url() const { return url_; }
  Instant begun_at() const { return begun_at_; }
  Instant connect_deadline() const { return connect_deadline_; }
  // Nothing came over a connection that others share, whatever became of that: it says nothing of the URL.
  bool has_lost_shared_connection() const {
    return multi_->shares_connections() && transfer_->is_over() && !transfer_->head().has_begun() &&
           !transfer_->failure()->is_connect_failure;
  }

 private:
  void act() override { owner_.on_noted(); }

  AttemptOwner& owner_;
  CurlMulti& alone_;
  CurlMulti* multi_;  // The transfer's; alone_ where there is none.
  std::unique_ptr<CurlTransfer> transfer_;
  OriginUrlRef url_;
  Instant begun_at_{};
  Instant connect_deadline_{};
};

}  // namespace edge::origin
