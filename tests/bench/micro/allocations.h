// What the calling thread has allocated so far. The program that links allocations.cc counts.
#pragma once

#include <cstdint>

#include <benchmark/benchmark.h>

namespace edge::bench {

struct Allocations {
  std::uint64_t by_new;     // operator new: our own code and the C++ library.
  std::uint64_t by_malloc;  // malloc and its kind: the libraries in C as well, and what is behind operator new.
};

Allocations allocations_so_far() noexcept;

// Puts what this thread allocates while it lives into the counters of `state`: "allocs" and "mallocs" an iteration.
class AllocationCounters {
 public:
  explicit AllocationCounters(benchmark::State& state) : state_(state) {}
  ~AllocationCounters() {
    const Allocations now = allocations_so_far();
    state_.counters["allocs"] = average(now.by_new - before_.by_new);
    state_.counters["mallocs"] = average(now.by_malloc - before_.by_malloc);
  }
  AllocationCounters(const AllocationCounters&) = delete;
  AllocationCounters& operator=(const AllocationCounters&) = delete;

 private:
  static benchmark::Counter average(std::uint64_t count) {
    return {static_cast<double>(count), benchmark::Counter::kAvgIterations};
  }

  benchmark::State& state_;
  const Allocations before_ = allocations_so_far();
};

}  // namespace edge::bench
