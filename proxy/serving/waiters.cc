#include "serving/waiters.h"

#include <algorithm>
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

void WaiterDirectory::tell(std::vector<cache::WaiterId> ids, const FillOutcome& outcome) const {
  while (!ids.empty()) {
    const std::uint32_t worker = ids.front().worker;
    // Mostly one waits, or all on the same worker; then nothing is moved.
    const auto others = std::stable_partition(ids.begin(), ids.end(),
                                              [worker](const cache::WaiterId& id) { return id.worker == worker; });
    std::vector<cache::WaiterId> left(others, ids.end());
    ids.erase(others, ids.end());
    const auto [loop, waiters] = workers_[worker];
    loop->post([waiters = waiters, mine = std::move(ids), outcome] { waiters->deliver(mine, outcome); });
    ids = std::move(left);
  }
}

}  // namespace edge::serving
