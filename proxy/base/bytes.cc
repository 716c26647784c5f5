#include "base/bytes.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/check.h"

namespace edge {

// The bytes stand behind it, in one allocation.
class Bytes::Block final : public Shared {
 public:
  static Ref<Block> make(std::size_t capacity) {
    void* const memory = std::malloc(sizeof(Block) + capacity);
    EDGE_CHECK(memory != nullptr);
    return Ref<Block>(new (memory) Block(capacity));
  }
  char* data() noexcept { return reinterpret_cast<char*>(this + 1); }
  std::size_t capacity() const noexcept { return capacity_; }

 private:
  explicit Block(std::size_t capacity) : capacity_(capacity) {}
  void free_shared() const noexcept override {
    this->~Block();
    std::free(const_cast<Block*>(this));
  }

  const std::size_t capacity_;
};

Bytes::Bytes() = default;

Bytes::~Bytes() = default;

Bytes::Bytes(Bytes&& other) noexcept : block_(std::move(other.block_)), size_(std::exchange(other.size_, 0)) {}

Bytes& Bytes::operator=(Bytes&& other) noexcept {
  block_ = std::move(other.block_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void Bytes::reserve(std::size_t capacity) {
  if (capacity > this->capacity()) move_to(capacity);
}

void Bytes::append(std::string_view more) {
  if (more.empty()) return;
  if (more.size() > capacity() - size_) move_to(std::max(size_ + more.size(), capacity() * 2));
  std::memcpy(block_->data() + size_, more.data(), more.size());
  size_ += more.size();
}

void Bytes::clear() {
  size_ = 0;
  // What others still look at must not be written over.
  if (block_ && !block_->has_one_reference()) block_ = nullptr;
}

void Bytes::shrink_to_fit() {
  if (size_ == 0) {
    block_ = nullptr;
  } else if (capacity() - size_ > capacity() / 8) {
    move_to(size_);
  }
}

std::string_view Bytes::view() const noexcept {
  return block_ ? std::string_view(block_->data(), size_) : std::string_view();
}

std::size_t Bytes::capacity() const noexcept { return block_ ? block_->capacity() : 0; }

std::size_t Bytes::footprint() const noexcept {
  return block_ ? sizeof(Block) + block_->capacity() + sizeof(std::size_t) : 0;
}

Ref<const Shared> Bytes::owner() const noexcept { return block_; }

void Bytes::move_to(std::size_t capacity) {
  Ref<Block> block = Block::make(capacity);
  if (size_ > 0) std::memcpy(block->data(), block_->data(), size_);
  block_ = std::move(block);
}

}  // namespace edge
