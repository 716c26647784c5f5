// Which tier this node may use, as the feed's thread has found out and the workers ask.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace edge::tier2 {

struct Place {
  std::string epoch;
  std::string identity;  // The life of the feed that this node's positions are of.
};

// Written by the feed's thread, but for forbid(); read by all. Thread-safe.
class TierState {
 public:
  // Null while the tier may not be used. What is taken stays valid: scripts refuse what has been overtaken.
  std::shared_ptr<const Place> place() const {
    MutexLock lock(mutex_);
    return place_;
  }
  void open(Place place) {
    MutexLock lock(mutex_);
    if (forbidden_ == 0) place_ = std::make_shared<const Place>(std::move(place));
  }
  void close() {
    MutexLock lock(mutex_);
    place_ = nullptr;
  }
  // The address of the server that the tier is told of events at; empty while there is none. For operators alone.
  std::string primary() const {
    MutexLock lock(mutex_);
    return primary_;
  }
  void set_primary(std::string place) {
    MutexLock lock(mutex_);
    primary_ = std::move(place);
  }
  bool is_open() const { return place() != nullptr; }
  // A purge of everything, from any thread: closed from here on, and until each such call was answered by allow(), when
  // the epoch has moved.
  void forbid() {
    MutexLock lock(mutex_);
    place_ = nullptr;
    ++forbidden_;
  }
  void allow(std::uint64_t times) {
    MutexLock lock(mutex_);
    forbidden_ -= times;
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Place> place_ EDGE_GUARDED_BY(mutex_);
  std::string primary_ EDGE_GUARDED_BY(mutex_);
  std::uint64_t forbidden_ EDGE_GUARDED_BY(mutex_) = 0;
};

}  // namespace edge::tier2
