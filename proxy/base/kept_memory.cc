#include "base/kept_memory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace edge {
namespace {

// Stands before each block.
struct alignas(std::max_align_t) Header {
  std::size_t size_class;  // The block, with this, has 2^size_class bytes; kNone: it was too large to be kept.
  Header* next;            // While it is kept.
};

constexpr std::size_t kClassMin = 5;
constexpr std::size_t kClassMax = 15;  // A receive buffer.
constexpr std::size_t kNone = 0;
// Of one class and thread; what is more goes back to the heap. It stands beside the cache's budget, and keeping four or
// eight times as much made a miss no cheaper.
constexpr std::size_t kKeptBytesMax = 128 << 10;

std::size_t room_of(const Header& header) { return (std::size_t{1} << header.size_class) - sizeof(Header); }

// What one thread keeps.
class KeptBlocks {
 public:
  ~KeptBlocks() {
    is_gone_ = true;
    for (Class& kept : classes_)
      while (Header* const block = kept.first) {
        kept.first = block->next;
        std::free(block);
      }
  }

  Header* find(std::size_t size_class) {
    Class& kept = classes_[size_class];
    Header* const block = kept.first;
    if (block == nullptr) return nullptr;
    kept.first = block->next;
    --kept.count;
    return block;
  }
  void add(Header* block) {
    Class& kept = classes_[block->size_class];
    if (is_gone_ || kept.count >= kKeptBytesMax >> block->size_class) return std::free(block);
    block->next = std::exchange(kept.first, block);
    ++kept.count;
  }

 private:
  struct Class {
    Header* first = nullptr;
    std::size_t count = 0;
  };

  static thread_local bool is_gone_;  // The thread ends, and something that outlives this may still free its memory.
  std::array<Class, kClassMax + 1> classes_{};
};

thread_local bool KeptBlocks::is_gone_ = false;
thread_local KeptBlocks kept_blocks;

Header* header_of(void* memory) { return static_cast<Header*>(memory) - 1; }

}  // namespace

void* KeptMemory::allocate(std::size_t bytes) noexcept {
  const std::size_t whole = bytes + sizeof(Header);
  if (whole < bytes) return nullptr;
  const std::size_t size_class = std::max<std::size_t>(kClassMin, std::bit_width(whole - 1));
  if (size_class > kClassMax) return allocate_apart(bytes);
  Header* block = kept_blocks.find(size_class);
  if (block == nullptr) block = static_cast<Header*>(std::malloc(std::size_t{1} << size_class));
  if (block == nullptr) return nullptr;
  block->size_class = size_class;
  return block + 1;
}

void* KeptMemory::allocate_apart(std::size_t bytes) noexcept {
  const std::size_t whole = bytes + sizeof(Header);
  if (whole < bytes) return nullptr;
  auto* const block = static_cast<Header*>(std::malloc(whole));
  if (block == nullptr) return nullptr;
  block->size_class = kNone;
  return block + 1;
}

void KeptMemory::release(void* memory) noexcept {
  if (memory == nullptr) return;
  Header* const block = header_of(memory);
  if (block->size_class == kNone) return std::free(block);
  kept_blocks.add(block);
}

void* KeptMemory::reallocate(void* memory, std::size_t bytes) noexcept {
  if (memory == nullptr) return allocate(bytes);
  Header* const block = header_of(memory);
  if (block->size_class == kNone) {
    auto* const larger = static_cast<Header*>(std::realloc(block, bytes + sizeof(Header)));
    return larger == nullptr ? nullptr : larger + 1;
  }
  if (bytes <= room_of(*block)) return memory;
  void* const larger = allocate(bytes);
  if (larger == nullptr) return nullptr;
  std::memcpy(larger, memory, room_of(*block));
  release(memory);
  return larger;
}

void* KeptMemory::allocate_zeroed(std::size_t count, std::size_t bytes) noexcept {
  std::size_t whole = 0;
  if (__builtin_mul_overflow(count, bytes, &whole)) return nullptr;
  void* const memory = allocate(whole);
  if (memory != nullptr) std::memset(memory, 0, whole);
  return memory;
}

char* KeptMemory::duplicate(const char* text) noexcept {
  const std::size_t bytes = std::strlen(text) + 1;
  void* const memory = allocate(bytes);
  return memory == nullptr ? nullptr : static_cast<char*>(std::memcpy(memory, text, bytes));
}

}  // namespace edge
