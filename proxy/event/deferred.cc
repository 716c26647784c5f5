#include "event/deferred.h"

#include "base/check.h"
#include "event/event_loop.h"

namespace edge::event {

void Deferred::schedule() {
  EDGE_CHECK(loop_.is_current());
  if (!is_scheduled()) loop_.deferred().push_back(*this);
}

void DeferredList::push_back(Deferred& deferred) noexcept {
  deferred.next_ = &head_;
  deferred.previous_ = head_.previous_;
  deferred.previous_->next_ = &deferred;
  head_.previous_ = &deferred;
}

void DeferredList::run() {
  if (is_empty()) return;
  push_back(end_of_turn_);
  while (head_.next_ != &end_of_turn_) {
    Deferred& first = *head_.next_;
    first.unlink();
    first.task_();
  }
  end_of_turn_.unlink();
}

}  // namespace edge::event
