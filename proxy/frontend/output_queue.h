// What is to be sent on a connection: copied bytes and shared ones, in order. Shared bytes are never copied.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/shared.h"

namespace edge::frontend {

// Owned by a connection.
class OutputQueue {
 public:
  // The end of the queue, to which small pieces may be appended directly; follow with end_copy().
  std::string& begin_copy() {
    copy_begin_ = copied_.size();
    return copied_;
  }
  void end_copy();
  void append_copy(std::string_view bytes);
  // `owner` keeps `bytes` alive until they are sent.
  void append_shared(std::string_view bytes, Ref<const Shared> owner);

  // The first pieces, as many as fit into `pieces`; how many there are.
  std::size_t gather(std::span<iovec> pieces) const;
  // Moves the first `bytes` bytes to the end of another queue, shared ones without copying them.
  void move_to(OutputQueue& to, std::size_t bytes);
  // Forgets the first `bytes` bytes: they were sent.
  void consume(std::size_t bytes);

  // Where what is appended next will be, counted from the first byte that ever was in the queue.
  std::uint64_t end() const noexcept { return consumed_ + size_; }
  // Forgets what was appended from there on. False, and nothing is forgotten, where some of it was sent.
  bool take_back(std::uint64_t from);

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

 private:
  struct Piece {
    const char* data;  // Null: at `offset` of copied_.
    std::size_t offset;
    std::size_t size;
    Ref<const Shared> owner;
  };

  void compact();

  std::string copied_;
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;  // Pieces before it are done with.
  std::size_t copy_begin_ = 0;
  std::size_t size_ = 0;
  std::uint64_t consumed_ = 0;
};

}  // namespace edge::frontend
