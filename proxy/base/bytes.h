// A growable run of bytes that is moved, never copied, and never zeroed first. Its memory may be shared while more is
// appended: what was there stays where it was.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/shared.h"

namespace edge {

class Bytes {
 public:
  Bytes();
  ~Bytes();
  Bytes(Bytes&& other) noexcept;
  Bytes& operator=(Bytes&& other) noexcept;

  // Room for `capacity` bytes in all, exactly; never shrinks.
  void reserve(std::size_t capacity);
  // Grows by doubling where there is no room. `more` may not be a part of these bytes.
  void append(std::string_view more);
  void clear();
  // Gives back what is reserved beyond size(), where that is worth a copy: more than an eighth of it.
  void shrink_to_fit();

  std::string_view view() const noexcept;
  std::size_t size() const noexcept { return size_; }
  std::size_t capacity() const noexcept;
  bool empty() const noexcept { return size_ == 0; }
  // What it has allocated, all overhead included.
  std::size_t footprint() const noexcept;
  // Keeps what view() shows now, where it is, for whoever has it, on whatever thread. Null while capacity() is 0.
  Ref<const Shared> owner() const noexcept;

 private:
  class Block;
  void move_to(std::size_t capacity);

  Ref<Block> block_;  // Null: nothing is reserved.
  std::size_t size_ = 0;
};

}  // namespace edge
