#include "origin/carrier.h"

#include <algorithm>

#include "base/check.h"

namespace edge::origin {

std::unique_ptr<Transfer> Carrier::take_transfer() {
  ++in_use_;
  if (spare_.empty()) return make_transfer();
  auto transfer = std::move(spare_.back());
  spare_.pop_back();
  return transfer;
}

void Carrier::give_back(std::unique_ptr<Transfer> transfer) {
  EDGE_CHECK(in_use_ > 0);
  --in_use_;
  transfer->stop();
  transfer->forget_large_memory();
  if (spare_.size() < spare_max_) spare_.push_back(std::move(transfer));
}

void Carrier::wake(TransferUser& user) {
  if (user.is_due_) return;
  user.is_due_ = true;
  due_.push_back(&user);
  if (!is_taking_notes_) planned_run_.schedule();
}

void Carrier::forget(TransferUser& user) {
  if (!user.is_due_) return;
  user.is_due_ = false;
  for (auto* list : {&due_, &acting_})
    std::replace(list->begin(), list->end(), &user, static_cast<TransferUser*>(nullptr));
}

void Carrier::run_planned() {
  on_planned_run();
  act_on_due();
}

void Carrier::act_on_due() {
  EDGE_CHECK(acting_.empty());
  acting_.swap(due_);
  for (std::size_t i = 0; i < acting_.size(); ++i) {
    TransferUser* const user = std::exchange(acting_[i], nullptr);
    if (user == nullptr) continue;
    user->is_due_ = false;
    user->act();
  }
  acting_.clear();
}

}  // namespace edge::origin
