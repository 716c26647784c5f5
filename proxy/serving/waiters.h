// Who waits for a fill, worker by worker.
//
// A fill knows its waiters by number alone. So whoever ends it, on whatever worker, needs to know nothing of requests
// that may have gone: the numbers are posted to the workers they belong to, and each looks up who is still there.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cache/fill.h"
#include "event/event_loop.h"
#include "http/message.h"
#include "metrics/worker_metrics.h"
#include "origin/fetch.h"
#include "serving/fill_outcome.h"

namespace edge::serving {

// Implemented by a request.
class FillWaiter {
 public:
  virtual void on_fill(const FillOutcome& outcome) = 0;
  // Only the one whose request was sent hears of an interim response.
  virtual void on_interim(const http::ResponseHead& /*head*/) {}
  // The response that this waiter's fill has brought may not be shared: it is this waiter's alone, from here on. Called
  // inside FetchObserver::on_head or on_collect_overflow; the waiter becomes the observer.
  virtual void take_stream(std::unique_ptr<origin::Fetch> fetch, const http::ResponseHead& head,
                           std::string_view why) = 0;

 protected:
  ~FillWaiter() = default;
};

// The waiters of one worker. Loop's thread only.
class Waiters {
 public:
  Waiters(std::uint32_t worker, event::EventLoop& loop, metrics::WorkerMetrics& metrics)
      : worker_(worker), loop_(loop), metrics_(metrics) {}

  // A number that no other request has.
  cache::WaiterId next_id() { return {worker_, ++last_serial_}; }
  void add(cache::WaiterId id, FillWaiter& waiter);
  void remove(cache::WaiterId id);
  FillWaiter* find(cache::WaiterId id) const;
  // Tells those who are still there; each is removed first.
  void deliver(const std::vector<cache::WaiterId>& ids, const FillOutcome& outcome);
  event::EventLoop& loop() { return loop_; }

 private:
  const std::uint32_t worker_;
  event::EventLoop& loop_;
  metrics::WorkerMetrics& metrics_;
  std::uint64_t last_serial_ = 0;
  std::unordered_map<std::uint64_t, FillWaiter*> waiting_;
};

// All workers' waiters. Filled before the workers' threads start, constant afterwards.
class WaiterDirectory {
 public:
  void add(Waiters& waiters) { workers_.push_back({&waiters.loop(), &waiters}); }
  // Posts the outcome to each worker concerned; it arrives in a later turn. Thread-safe.
  void tell(std::vector<cache::WaiterId> ids, const FillOutcome& outcome) const;

 private:
  // The loop outlives the waiters; what is posted to one that has ended is not run.
  struct Place {
    event::EventLoop* loop;
    Waiters* waiters;
  };
  std::vector<Place> workers_;
};

}  // namespace edge::serving
