// Memory for C libraries that take and give back the same few sizes again and again.
#pragma once

#include <cstddef>

namespace edge {

// What such a library calls in place of malloc and its kin. libcurl takes some forty blocks for a transfer, nghttp2
// five for a stream, and each gives them back at its end; so each thread keeps a bounded number of what is freed on it
// for the next, instead of having the heap split and join it again. Thread-safe; memory may be freed on another thread.
struct KeptMemory {
  // A sanitizer sees what is done to memory that was freed, not to what was kept: then libraries had better use the
  // heap.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  static constexpr bool kIsOfUse = false;
#else
  static constexpr bool kIsOfUse = true;
#endif

  // Null where there is no memory, as with malloc.
  static void* allocate(std::size_t bytes) noexcept;
  // From the heap, of just that size, and never kept: what lives long had better not be rounded up.
  static void* allocate_apart(std::size_t bytes) noexcept;
  static void release(void* memory) noexcept;
  static void* reallocate(void* memory, std::size_t bytes) noexcept;
  static char* duplicate(const char* text) noexcept;
  static void* allocate_zeroed(std::size_t count, std::size_t bytes) noexcept;
};

}  // namespace edge
