#include "app/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <limits>

namespace edge::app {
namespace {

constexpr std::uintptr_t kHugePage = 2ull << 20;
// From here on a block is mapped by itself, and given back to the system when it is freed. Fixed, because glibc
// would move it with what is freed.
constexpr int kMapped = 512 * 1024;

}  // namespace

void lay_out_heap(std::uint64_t bytes) {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // mallopt takes an int; a larger heap grows by such steps.
  const int step = static_cast<int>(std::min<std::uint64_t>(bytes, std::numeric_limits<int>::max() / 2));
  mallopt(M_ARENA_MAX, 1);  // The others grow page by page, with a system call each.
  mallopt(M_MMAP_THRESHOLD, kMapped);
  mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
  mallopt(M_TOP_PAD, step);
  const auto begin = reinterpret_cast<std::uintptr_t>(sbrk(0));
  void* volatile larger_than_what_is_left = std::malloc(kMapped - 4096);
  std::free(larger_than_what_is_left);
  const auto end = reinterpret_cast<std::uintptr_t>(sbrk(0));
  mallopt(M_TOP_PAD, 4 << 20);
  const std::uintptr_t first = (begin + kHugePage - 1) & ~(kHugePage - 1);
  if (end > first) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
#else
  static_cast<void>(bytes);
#endif
}

}  // namespace edge::app
