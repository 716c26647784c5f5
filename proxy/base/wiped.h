// Memory for what nobody is to find later: keys, and buffers that they pass through.
#pragma once

#include <string.h>

#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace edge {

// Overwrites what it gives back, also when a container grows. What a container has room for beyond its size is not
// overwritten before.
template <class T>
struct WipingAllocator {
  static_assert(std::is_trivially_copyable_v<T>);
  using value_type = T;
  using is_always_equal = std::true_type;

  WipingAllocator() = default;
  template <class Other>
  explicit(false) WipingAllocator(const WipingAllocator<Other>&) noexcept {}

  T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* memory, std::size_t n) noexcept {
    explicit_bzero(static_cast<void*>(memory), n * sizeof(T));
    std::allocator<T>().deallocate(memory, n);
  }
  friend bool operator==(const WipingAllocator&, const WipingAllocator&) noexcept { return true; }
};

// Short ones (15 bytes) lie in the string itself, and are not overwritten.
using WipedString = std::basic_string<char, std::char_traits<char>, WipingAllocator<char>>;
template <class T>
using WipedVector = std::vector<T, WipingAllocator<T>>;

}  // namespace edge
