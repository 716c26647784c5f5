// A key to what memory holds of it.
#include <benchmark/benchmark.h>

#include "base/check.h"
#include "bench/micro/allocations.h"
#include "bench/micro/stored.h"

namespace edge::bench {
namespace {

using namespace cache;

constexpr std::size_t kAvatars = 100'000;

// Asks for one after the other in an order that no memory foresees.
class Names {
 public:
  Names(std::size_t first, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) names_.push_back({std::to_string(first + i), avatar_path(first + i)});
  }
  CacheKey next() {
    at_ = (at_ + kStep) % names_.size();
    return CacheKey(names_[at_].avatar, names_[at_].url);
  }

 private:
  static constexpr std::size_t kStep = 61'803;  // No factor in common with any count used here.
  struct Name {
    std::string avatar, url;
  };
  std::vector<Name> names_;
  std::size_t at_ = 0;
};

class Filled {
 public:
  Filled() { fill_avatars(cache, kAvatars, 1024, now); }

  const SystemClock clock{};
  const Instant now = clock.now();
  MemoryCache cache{{.memory_bytes = kAvatars * 4096}, clock};
  const http::Fields no_fields{};
};

// Made when first asked for, since it takes a while.
Filled& filled() {
  static Filled made;
  return made;
}

void hit(benchmark::State& state) {
  Filled& shared = filled();
  Names names(0, kAvatars);
  const AllocationCounters counters(state);
  for (auto _ : state) {
    const Lookup found = shared.cache.look_up(names.next(), {shared.no_fields}, shared.now, {0, 1});
    EDGE_CHECK(std::holds_alternative<Hit>(found));
  }
}
BENCHMARK(hit)->Name("lookup/hit");

// Nothing is held, and nothing begun.
void absent(benchmark::State& state) {
  Filled& shared = filled();
  Names names(kAvatars, kAvatars);
  const AllocationCounters counters(state);
  for (auto _ : state) {
    const Lookup found = shared.cache.look_up(names.next(), {.fields = shared.no_fields, .fill = Question::Fill::None},
                                              shared.now, {0, 1});
    EDGE_CHECK(std::holds_alternative<Absent>(found));
  }
}
BENCHMARK(absent)->Name("lookup/miss");

// With the permit that a miss brings, and its end.
void lead(benchmark::State& state) {
  Filled& shared = filled();
  Names names(kAvatars, kAvatars);
  const AllocationCounters counters(state);
  for (auto _ : state) {
    Lookup found = shared.cache.look_up(names.next(), {shared.no_fields}, shared.now, {0, 1});
    shared.cache.give_up(std::move(std::get<Lead>(found).permit));
  }
}
BENCHMARK(lead)->Name("lookup/miss-and-give-up");

}  // namespace
}  // namespace edge::bench
