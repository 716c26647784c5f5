#include "base/unique_function.h"

#include <array>

#include "support/catch.h"

using namespace edge;

namespace {

// Counts how many of its kind are alive.
class Counted {
 public:
  explicit Counted(int& alive) : alive_(&alive) { ++*alive_; }
  Counted(Counted&& other) noexcept : alive_(other.alive_) { ++*alive_; }
  ~Counted() { --*alive_; }

 private:
  int* alive_;
};

}  // namespace

TEST_CASE("an empty function says so", "[base]") {
  UniqueFunction<void()> function;
  CHECK_FALSE(function);
  function = nullptr;
  CHECK_FALSE(function);
  function = [] {};
  CHECK(function);
}

TEST_CASE("arguments and results pass through, references as references", "[base]") {
  UniqueFunction<int(int&, std::unique_ptr<int>)> function = [](int& a, std::unique_ptr<int> b) { return a++ + *b; };
  int a = 1;
  CHECK(function(a, std::make_unique<int>(2)) == 3);
  CHECK(a == 2);
}

TEST_CASE("a function keeps its state from call to call", "[base]") {
  UniqueFunction<int()> next = [n = 0]() mutable { return ++n; };
  CHECK(next() == 1);
  CHECK(next() == 2);
  UniqueFunction<int()> moved = std::move(next);
  CHECK_FALSE(next);
  CHECK(moved() == 3);
}

TEST_CASE("what is captured is destroyed once, small or large", "[base]") {
  int alive = 0;
  SECTION("small") {
    UniqueFunction<void()> function = [counted = Counted(alive)] {};
    CHECK(alive == 1);
    UniqueFunction<void()> other = std::move(function);
    CHECK(alive == 1);
    other = nullptr;
    CHECK(alive == 0);
  }
  SECTION("large") {
    UniqueFunction<void()> function = [counted = Counted(alive), ballast = std::array<char, 200>{}] {
      static_cast<void>(ballast);
    };
    CHECK(alive == 1);
    UniqueFunction<void()> other = [counted = Counted(alive)] {};
    other = std::move(function);
    CHECK(alive == 1);
    other = UniqueFunction<void()>();
    CHECK(alive == 0);
  }
  CHECK(alive == 0);
}

TEST_CASE("a function that is moved onto itself stays", "[base]") {
  UniqueFunction<int()> function = [] { return 5; };
  UniqueFunction<int()>& same = function;
  function = std::move(same);
  REQUIRE(function);
  CHECK(function() == 5);
}
