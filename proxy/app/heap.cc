#include "app/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "base/log.h"

// Of Linux 5.14; the C library's headers may be older.
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

namespace edge::app {
namespace {

constexpr std::uintptr_t kHugePage = 2ull << 20;
// From here on a block is mapped by itself, and given back to the system when it is freed. Fixed, because glibc
// would move it with what is freed.
constexpr int kMapped = 512 * 1024;
// By one call of the kernel, which must be over before the process can end.
constexpr std::size_t kAtOnce = 16 * kHugePage;

}  // namespace

std::span<std::byte> lay_out_heap(std::uint64_t bytes) {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  mallopt(M_ARENA_MAX, 1);  // The others grow page by page, with a system call each.
  mallopt(M_MMAP_THRESHOLD, kMapped);
  mallopt(M_TRIM_THRESHOLD, -1);  // Never.
  const auto begin = reinterpret_cast<std::uintptr_t>(sbrk(0));
  mallopt(M_MMAP_MAX, 0);
  // As much as the system grants.
  for (void* volatile all = nullptr; !all && bytes > kHugePage; bytes /= 2) {
    all = std::malloc(bytes);
    std::free(all);
  }
  mallopt(M_MMAP_MAX, 65'536);  // As it is at first.
  mallopt(M_TOP_PAD, 4 << 20);
  const std::uintptr_t first = (begin + kHugePage - 1) & ~(kHugePage - 1);
  const std::uintptr_t last = reinterpret_cast<std::uintptr_t>(sbrk(0)) & ~(kHugePage - 1);
  if (last <= first) return {};
  madvise(reinterpret_cast<void*>(first), last - first, MADV_HUGEPAGE);
  return {reinterpret_cast<std::byte*>(first), last - first};
#else
  static_cast<void>(bytes);
  return {};
#endif
}

void give_back_heap() {
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  malloc_trim(0);
#endif
}

Preallocation::Preallocation(std::span<std::byte> pages, std::uint64_t bytes) {
  if (pages.size() + 2 * kHugePage >= bytes) {
    thread_ = std::thread([this, pages] { run(pages); });
  } else {
    log_warning("cache.not_preallocated", "the system grants no heap of " + std::to_string(bytes >> 20) + " MiB");
  }
}

Preallocation::~Preallocation() {
  is_ending_ = true;
  if (thread_.joinable()) thread_.join();
}

void Preallocation::run(std::span<std::byte> pages) {
  const std::size_t bytes = pages.size();
  while (!pages.empty() && !is_ending_) {
    const auto now = pages.first(std::min(pages.size(), kAtOnce));
    if (madvise(now.data(), now.size(), MADV_POPULATE_WRITE) != 0) {
      const std::string why =
          errno == EINVAL ? "the kernel is older than 5.14" : std::generic_category().message(errno);
      return log_warning("cache.not_preallocated", "memory comes when it is used: " + why);
    }
    pages = pages.subspan(now.size());
  }
  if (!is_ending_) log_info("cache.preallocated", std::to_string(bytes >> 20) + " MiB are there");
}

}  // namespace edge::app
