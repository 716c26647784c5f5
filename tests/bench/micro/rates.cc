// What a rate limit costs a request.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/hash.h"
#include "bench/micro/allocations.h"
#include "limit/rate_table.h"

namespace edge::bench {
namespace {

constexpr std::size_t kKeys = 1'000'000;
constexpr limit::Rate kRate{.interval = std::chrono::milliseconds{10}, .burst = 200};

// Of one a request, in an order that no memory foresees.
const std::vector<std::string>& clients() {
  static const std::vector<std::string> made = [] {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < kKeys; ++i) names.push_back("user-" + std::to_string(i * 61'803 % kKeys));
    return names;
  }();
  return made;
}

limit::RateTable& table() {
  static limit::RateTable made(kKeys);
  return made;
}

// By as many keys as the argument says, all of whose buckets are in use.
void take(benchmark::State& state) {
  const auto keys = static_cast<std::size_t>(state.range(0));
  const auto& names = clients();
  limit::RateTable& buckets = table();
  const Instant now = SystemClock().now();
  for (std::size_t i = 0; i < keys; ++i) buckets.take(keyed_hash(names[i]), kRate, now);
  std::size_t at = 0;
  const AllocationCounters counters(state);
  for (auto _ : state) {
    at = at + 1 == keys ? 0 : at + 1;
    benchmark::DoNotOptimize(buckets.take(keyed_hash(names[at]), kRate, now));
  }
  state.counters["table_bytes"] = static_cast<double>(buckets.entries() * limit::RateTable::kEntryBytes);
}
BENCHMARK(take)->Name("rates/take")->Arg(1)->Arg(1'000)->Arg(kKeys);
BENCHMARK(take)->Name("rates/take")->Arg(kKeys)->Threads(2)->UseRealTime();

}  // namespace
}  // namespace edge::bench
