#include "base/kept_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace edge;

namespace {

void* filled(std::size_t bytes, char with) {
  void* const memory = KeptMemory::allocate(bytes);
  REQUIRE(memory != nullptr);
  return std::memset(memory, with, bytes);
}

bool is_all(const void* memory, std::size_t bytes, char value) {
  const char* const text = static_cast<const char*>(memory);
  return std::all_of(text, text + bytes, [value](char c) { return c == value; });
}

}  // namespace

TEST_CASE("memory for libraries is there in any size, and aligned", "[base]") {
  std::vector<void*> blocks;
  for (const std::size_t bytes : {0, 1, 15, 16, 17, 1000, 65'519, 65'520, 65'521, 1'000'000}) {
    blocks.push_back(filled(bytes, 'a'));
    blocks.push_back(std::memset(KeptMemory::allocate_apart(bytes), 'a', bytes));
  }
  for (void* block : blocks) CHECK(reinterpret_cast<std::uintptr_t>(block) % alignof(std::max_align_t) == 0);
  for (void* block : blocks) KeptMemory::release(block);
  KeptMemory::release(nullptr);
}

TEST_CASE("memory for libraries is zeroed where that is asked, also when it was used before", "[base]") {
  KeptMemory::release(filled(100, 'a'));
  void* const memory = KeptMemory::allocate_zeroed(10, 10);
  CHECK(is_all(memory, 100, '\0'));
  KeptMemory::release(memory);
  CHECK(KeptMemory::allocate_zeroed(SIZE_MAX, 2) == nullptr);
  CHECK(KeptMemory::allocate(SIZE_MAX) == nullptr);
  CHECK(KeptMemory::allocate_apart(SIZE_MAX) == nullptr);
}

TEST_CASE("memory for libraries keeps what stands in it while it grows", "[base]") {
  void* memory = KeptMemory::reallocate(nullptr, 10);
  std::memset(memory, 'a', 10);
  std::size_t before = 10;
  for (const std::size_t bytes : {20, 500, 65'000, 70'000, 1'000'000}) {
    memory = KeptMemory::reallocate(memory, bytes);
    REQUIRE(memory != nullptr);
    CHECK(is_all(memory, before, 'a'));
    std::memset(memory, 'a', bytes);
    before = bytes;
  }
  CHECK(is_all(memory, before, 'a'));
  memory = KeptMemory::reallocate(memory, 5);
  CHECK(is_all(memory, 5, 'a'));
  KeptMemory::release(memory);
}

TEST_CASE("memory for libraries may be freed on another thread, and more of it than is kept", "[base]") {
  std::vector<void*> blocks;
  for (int i = 0; i < 64; ++i) blocks.push_back(filled(60'000, 'a'));
  char* const text = KeptMemory::duplicate("a text");
  CHECK(std::string(text) == "a text");
  std::thread([&] {
    for (void* block : blocks) KeptMemory::release(block);
    KeptMemory::release(text);
  }).join();
}
