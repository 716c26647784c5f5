// A mutex that Clang's thread-safety analysis understands (-Wthread-safety); with g++ the annotations vanish.
#pragma once

#include <mutex>

#if defined(__clang__)
#define EDGE_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define EDGE_THREAD_ANNOTATION(x)
#endif

#define EDGE_GUARDED_BY(mutex) EDGE_THREAD_ANNOTATION(guarded_by(mutex))
#define EDGE_REQUIRES(...) EDGE_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))

namespace edge {

class EDGE_THREAD_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() EDGE_THREAD_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() EDGE_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class EDGE_THREAD_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) EDGE_THREAD_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() EDGE_THREAD_ANNOTATION(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

}  // namespace edge
