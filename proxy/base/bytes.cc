#include "base/bytes.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace edge {

Bytes::Bytes(Bytes&& other) noexcept
    : data_(std::move(other.data_)),
      size_(std::exchange(other.size_, 0)),
      capacity_(std::exchange(other.capacity_, 0)) {}

Bytes& Bytes::operator=(Bytes&& other) noexcept {
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  capacity_ = std::exchange(other.capacity_, 0);
  return *this;
}

void Bytes::reserve(std::size_t capacity) {
  if (capacity <= capacity_) return;
  auto* const larger = static_cast<char*>(std::realloc(data_.get(), capacity));
  EDGE_CHECK(larger != nullptr);
  static_cast<void>(data_.release());
  data_.reset(larger);
  capacity_ = capacity;
}

void Bytes::append(std::string_view more) {
  if (more.empty()) return;
  if (more.size() > capacity_ - size_) reserve(std::max(size_ + more.size(), capacity_ * 2));
  std::memcpy(data_.get() + size_, more.data(), more.size());
  size_ += more.size();
}

void Bytes::shrink_to_fit() {
  if (size_ == capacity_) return;
  if (size_ == 0) {  // realloc to nothing is undefined.
    data_.reset();
    capacity_ = 0;
    return;
  }
  auto* const smaller = static_cast<char*>(std::realloc(data_.get(), size_));
  EDGE_CHECK(smaller != nullptr);
  static_cast<void>(data_.release());
  data_.reset(smaller);
  capacity_ = size_;
}

}  // namespace edge
