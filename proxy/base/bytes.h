// A growable run of bytes that is moved, never copied, and never zeroed first.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string_view>

#include "base/handle.h"

namespace edge {

class Bytes {
 public:
  Bytes() = default;
  Bytes(Bytes&& other) noexcept;
  Bytes& operator=(Bytes&& other) noexcept;

  // Room for `capacity` bytes in all, exactly; never shrinks.
  void reserve(std::size_t capacity);
  // Grows by doubling where there is no room. `more` may not be a part of these bytes.
  void append(std::string_view more);
  void clear() noexcept { size_ = 0; }
  // Gives back what is reserved beyond size().
  void shrink_to_fit();

  std::string_view view() const noexcept { return {data_.get(), size_}; }
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept { return capacity_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  CHandle<char, std::free> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace edge
