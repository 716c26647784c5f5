#include "serving/waiters.h"

#include <utility>

#include "base/check.h"

namespace edge::serving {

void Waiters::add(cache::WaiterId id, FillWaiter& waiter) {
  EDGE_CHECK(id.worker == worker_);
  EDGE_CHECK(waiting_.emplace(id.serial, &waiter).second);
  metrics_.waiters.add();
}

void Waiters::remove(cache::WaiterId id) {
  if (waiting_.erase(id.serial) != 0) metrics_.waiters.subtract();
}

FillWaiter* Waiters::find(cache::WaiterId id) const {
  if (id.worker != worker_) return nullptr;
  const auto found = waiting_.find(id.serial);
  return found == waiting_.end() ? nullptr : found->second;
}

void Waiters::deliver(const std::vector<cache::WaiterId>& ids, const FillOutcome& outcome) {
  for (const cache::WaiterId id : ids) {
    FillWaiter* const waiter = find(id);
    if (!waiter) continue;
    remove(id);
    waiter->on_fill(outcome);
  }
}

void WaiterDirectory::tell(const std::vector<cache::WaiterId>& ids, const FillOutcome& outcome) const {
  std::vector<std::vector<cache::WaiterId>> by_worker(workers_.size());
  for (const cache::WaiterId id : ids) by_worker[id.worker].push_back(id);
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    if (by_worker[i].empty()) continue;
    Waiters* const waiters = workers_[i];
    waiters->loop().post([waiters, mine = std::move(by_worker[i]), outcome] { waiters->deliver(mine, outcome); });
  }
}

}  // namespace edge::serving
