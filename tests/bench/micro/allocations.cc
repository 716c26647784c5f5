#include "bench/micro/allocations.h"

#include <cstdlib>
#include <new>

// glibc lets a program put its own in the place of these (glibc manual, "Replacing malloc").
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
}

namespace edge::bench {
namespace {

thread_local Allocations so_far{};

void* allocate(std::size_t size) noexcept {
  ++so_far.by_new;
  return std::malloc(size == 0 ? 1 : size);
}

void* allocate_aligned(std::size_t size, std::align_val_t alignment) noexcept {
  ++so_far.by_new;
  const auto boundary = static_cast<std::size_t>(alignment);
  return std::aligned_alloc(boundary, (size + boundary - 1) / boundary * boundary);
}

void* or_abort(void* block) noexcept {
  if (!block) std::abort();
  return block;
}

}  // namespace

Allocations allocations_so_far() noexcept { return so_far; }

}  // namespace edge::bench

using namespace edge::bench;

extern "C" {

void* malloc(std::size_t size) noexcept {
  ++so_far.by_malloc;
  return __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) noexcept {
  ++so_far.by_malloc;
  return __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) noexcept {
  ++so_far.by_malloc;
  return __libc_realloc(block, size);
}

}  // extern "C"

// The forms for arrays, and those that do not throw, call these.
void* operator new(std::size_t size) { return or_abort(allocate(size)); }
void* operator new(std::size_t size, std::align_val_t alignment) { return or_abort(allocate_aligned(size, alignment)); }
void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
void operator delete(void* block, std::align_val_t) noexcept { std::free(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { std::free(block); }
