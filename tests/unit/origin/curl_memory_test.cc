#include "origin/curl_memory.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"

using namespace edge::origin;

namespace {

void* filled(std::size_t bytes, char with) {
  void* const memory = CurlMemory::allocate(bytes);
  REQUIRE(memory != nullptr);
  return std::memset(memory, with, bytes);
}

bool is_all(const void* memory, std::size_t bytes, char value) {
  const char* const text = static_cast<const char*>(memory);
  return std::all_of(text, text + bytes, [value](char c) { return c == value; });
}

}  // namespace

TEST_CASE("libcurl's memory is there in any size, and aligned", "[origin]") {
  std::vector<void*> blocks;
  for (const std::size_t bytes : {0, 1, 15, 16, 17, 1000, 65'519, 65'520, 65'521, 1'000'000}) {
    blocks.push_back(filled(bytes, 'a'));
    CHECK(reinterpret_cast<std::uintptr_t>(blocks.back()) % alignof(std::max_align_t) == 0);
  }
  for (void* block : blocks) CurlMemory::release(block);
  CurlMemory::release(nullptr);
}

TEST_CASE("libcurl's memory is zeroed where that is asked, also when it was used before", "[origin]") {
  CurlMemory::release(filled(100, 'a'));
  void* const memory = CurlMemory::allocate_zeroed(10, 10);
  CHECK(is_all(memory, 100, '\0'));
  CurlMemory::release(memory);
  CHECK(CurlMemory::allocate_zeroed(SIZE_MAX, 2) == nullptr);
  CHECK(CurlMemory::allocate(SIZE_MAX) == nullptr);
}

TEST_CASE("libcurl's memory keeps what stands in it while it grows", "[origin]") {
  void* memory = CurlMemory::reallocate(nullptr, 10);
  std::memset(memory, 'a', 10);
  std::size_t before = 10;
  for (const std::size_t bytes : {20, 500, 65'000, 70'000, 1'000'000}) {
    memory = CurlMemory::reallocate(memory, bytes);
    REQUIRE(memory != nullptr);
    CHECK(is_all(memory, before, 'a'));
    std::memset(memory, 'a', bytes);
    before = bytes;
  }
  memory = CurlMemory::reallocate(memory, 5);
  CHECK(is_all(memory, 5, 'a'));
  CurlMemory::release(memory);
}

TEST_CASE("libcurl's memory may be freed on another thread, and more of it than is kept", "[origin]") {
  std::vector<void*> blocks;
  for (int i = 0; i < 64; ++i) blocks.push_back(filled(60'000, 'a'));
  char* const text = CurlMemory::duplicate("a text");
  CHECK(std::string(text) == "a text");
  std::thread([&] {
    for (void* block : blocks) CurlMemory::release(block);
    CurlMemory::release(text);
  }).join();
}
