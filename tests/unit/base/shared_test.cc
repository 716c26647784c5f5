#include "base/shared.h"

#include <thread>
#include <vector>

#include "support/catch.h"

using namespace edge;

namespace {

struct Thing : Shared {
  explicit Thing(std::atomic<int>& freed) : freed_(freed) {}
  ~Thing() override { ++freed_; }
  std::atomic<int>& freed_;
};
struct Special : Thing {
  using Thing::Thing;
};

}  // namespace

TEST_CASE("the last reference frees, none before", "[base]") {
  std::atomic<int> freed = 0;
  Ref<Thing> first(new Thing(freed));
  Ref<Thing> second = first;
  CHECK(first == second);
  first = nullptr;
  CHECK(freed == 0);
  CHECK(second);
  second = nullptr;
  CHECK(freed == 1);
  CHECK_FALSE(second);
}

TEST_CASE("a moved reference leaves none behind, and assigning one to itself keeps it", "[base]") {
  std::atomic<int> freed = 0;
  Ref<Thing> from(new Thing(freed));
  Ref<Thing> to = std::move(from);
  CHECK_FALSE(from);
  Ref<Thing>& same = to;
  to = same;
  to = std::move(same);
  CHECK(to);
  CHECK(freed == 0);
}

TEST_CASE("a reference converts to its base and to const", "[base]") {
  std::atomic<int> freed = 0;
  Ref<const Shared> base = Ref<Special>(new Special(freed));
  CHECK(base);
  base = nullptr;
  CHECK(freed == 1);
}

TEST_CASE("a detached reference is owed, not dropped", "[base]") {
  std::atomic<int> freed = 0;
  Ref<Thing> reference(new Thing(freed));
  const Thing* const thing = reference.detach();
  CHECK_FALSE(reference);
  CHECK(freed == 0);
  thing->release();
  CHECK(freed == 1);
}

TEST_CASE("threads may copy and drop references as they like", "[base]") {
  std::atomic<int> freed = 0;
  {
    const Ref<Thing> shared(new Thing(freed));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([shared] {
        for (int turn = 0; turn < 10'000; ++turn) Ref<Thing> copy = shared;
      });
    for (std::thread& thread : threads) thread.join();
    CHECK(freed == 0);
  }
  CHECK(freed == 1);
}
