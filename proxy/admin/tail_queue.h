// Lines that wait for one reader: from any thread, for one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/mutex.h"

namespace edge::admin {

// Bounded; what does not fit is dropped and counted. Thread-safe; nobody waits but for the lock.
class TailQueue {
 public:
  static constexpr std::size_t kBytesMax = 256 * 1024;

  struct Taken {
    std::string lines;  // Each with a newline.
    std::uint64_t dropped = 0;
  };

  // True where the reader must be woken: it has taken all that was put before.
  bool put(std::string_view line) {
    MutexLock lock(mutex_);
    if (waiting_.lines.size() + line.size() + 1 > kBytesMax) {
      ++waiting_.dropped;
      return false;
    }
    const bool was_empty = waiting_.lines.empty();
    waiting_.lines.append(line) += '\n';
    return was_empty;
  }
  Taken take() {
    MutexLock lock(mutex_);
    return std::exchange(waiting_, {});
  }

 private:
  Mutex mutex_;
  Taken waiting_ EDGE_GUARDED_BY(mutex_);
};

}  // namespace edge::admin
