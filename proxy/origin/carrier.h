// What carries transfers: keeps them for the next, and lets their users act when nothing else is going on.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "event/deferred.h"
#include "event/event_loop.h"
#include "origin/transfer.h"

namespace edge::origin {

// Owned by its Origin; loop's thread only.
//
// Where bytes come or a library calls back, only notes are taken. When that is over, those whose transfers have noted
// something act; they may start and stop any transfer then, their own included.
class Carrier {
 public:
  virtual ~Carrier() = default;
  Carrier(const Carrier&) = delete;
  Carrier& operator=(const Carrier&) = delete;

  // A spare transfer, or a new one.
  std::unique_ptr<Transfer> take_transfer();
  // For the next to use. It need not be over.
  void give_back(std::unique_ptr<Transfer> transfer);
  // Transfers that were taken and not yet given back.
  std::size_t in_use() const { return in_use_; }
  // Whether several transfers go over one connection.
  virtual bool shares_connections() const { return false; }

  // Lets `user` act when what is going on is over.
  void wake(TransferUser& user);
  // `user` is about to go.
  void forget(TransferUser& user);

 protected:
  // As many transfers are kept as connections.
  Carrier(event::EventLoop& loop, std::size_t spare_max)
      : loop_(loop), spare_max_(spare_max), planned_run_(loop, [this] { run_planned(); }) {}

  virtual std::unique_ptr<Transfer> make_transfer() = 0;
  // What else was planned, before users act.
  virtual void on_planned_run() {}

  // Does `work`, in which notes may be taken; users act afterwards, or as soon as act_on_due() is called.
  template <class Work>
  void take_notes(Work&& work) {
    is_taking_notes_ = true;
    std::forward<Work>(work)();
    is_taking_notes_ = false;
  }
  void act_on_due();
  void plan_run() { planned_run_.schedule(); }

  event::EventLoop& loop() { return loop_; }
  bool is_taking_notes() const { return is_taking_notes_; }
  void set_spare_max(std::size_t max) { spare_max_ = max; }
  // A transfer refers to its carrier.
  void destroy_spare() { spare_.clear(); }

 private:
  void run_planned();

  event::EventLoop& loop_;
  std::size_t spare_max_;
  std::vector<std::unique_ptr<Transfer>> spare_;
  std::size_t in_use_ = 0;
  std::vector<TransferUser*> due_;     // Null: forgotten.
  std::vector<TransferUser*> acting_;  // Likewise; empty outside act_on_due.
  bool is_taking_notes_ = false;       // Whoever is noted now acts as soon as that is over.
  event::Deferred planned_run_;
};

}  // namespace edge::origin
