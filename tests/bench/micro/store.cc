// A response of 4 KiB into a full cache: each makes another one go.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "bench/micro/allocations.h"
#include "bench/micro/stored.h"

namespace edge::bench {
namespace {

constexpr std::size_t kBodyBytes = 4096;
constexpr std::uint64_t kMemoryBytes = 64 << 20;

// From the lookup that finds nothing to the response in its place, the copy of its body included.
void into_full_cache(benchmark::State& state) {
  const SystemClock clock;
  const Instant now = clock.now();
  cache::MemoryCache cache({.memory_bytes = kMemoryBytes}, clock);
  fill_avatars(cache, 2 * kMemoryBytes / kBodyBytes, kBodyBytes, now);
  const auto evicted = [&] { return cache.statistics().evicted_small + cache.statistics().evicted_main; };
  EDGE_CHECK(evicted() > 0);
  const std::string body(kBodyBytes, 'x');
  std::string avatar, url;
  std::size_t number = 10'000'000;
  const std::uint64_t before = evicted();
  {
    const AllocationCounters counters(state);
    for (auto _ : state) {
      avatar = std::to_string(++number);
      url.assign("/avatars/").append(avatar).append("/96");
      fill(cache, avatar, url, body, now);
    }
  }
  state.counters["evicted"] = {static_cast<double>(evicted() - before), benchmark::Counter::kAvgIterations};
}
BENCHMARK(into_full_cache)->Name("store/4k-into-full-cache");

}  // namespace
}  // namespace edge::bench
