// The memory that libcurl works with.
#pragma once

#include <cstddef>

namespace edge::origin {

// Initialises libcurl, once a process, whichever worker is first. Never undone: other threads may still be using it.
void initialize_curl();

// What libcurl calls in place of malloc and its kin. A transfer takes some forty blocks, of the same few sizes each
// time, and gives them back at its end; so each thread keeps a bounded number of what is freed on it for the next
// transfer, instead of having the heap split and join it again. Thread-safe; memory may be freed on another thread.
struct CurlMemory {
  static void* allocate(std::size_t bytes) noexcept;
  static void release(void* memory) noexcept;
  static void* reallocate(void* memory, std::size_t bytes) noexcept;
  static char* duplicate(const char* text) noexcept;
  static void* allocate_zeroed(std::size_t count, std::size_t bytes) noexcept;
};

}  // namespace edge::origin
