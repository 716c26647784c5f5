#include "frontend/output_queue.h"

#include <algorithm>

#include "base/check.h"

namespace edge::frontend {
namespace {

// Sent bytes at the head of the copy buffer are cut off when there are so many; less often would hold memory, more
// often would move it around.
constexpr std::size_t kCompactBytes = 64 * 1024;
// An empty queue keeps a buffer up to this size for the next answer.
constexpr std::size_t kKeptBytes = 16 * 1024;

}  // namespace

void OutputQueue::end_copy() {
  const std::size_t added = copied_.size() - copy_begin_;
  if (added == 0) return;
  size_ += added;
  if (pieces_.size() > first_ && !pieces_.back().data && pieces_.back().offset + pieces_.back().size == copy_begin_) {
    pieces_.back().size += added;
    return;
  }
  pieces_.push_back({nullptr, copy_begin_, added, {}});
}

void OutputQueue::append_copy(std::string_view bytes) {
  begin_copy() += bytes;
  end_copy();
}

void OutputQueue::append_shared(std::string_view bytes, Ref<const Shared> owner) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  pieces_.push_back({bytes.data(), 0, bytes.size(), std::move(owner)});
}

std::size_t OutputQueue::gather(std::span<iovec> pieces) const {
  std::size_t count = 0;
  for (std::size_t i = first_; i < pieces_.size() && count < pieces.size(); ++i, ++count) {
    const Piece& piece = pieces_[i];
    const char* data = piece.data ? piece.data : copied_.data() + piece.offset;
    pieces[count] = {const_cast<char*>(data), piece.size};
  }
  return count;
}

void OutputQueue::move_to(OutputQueue& to, std::size_t bytes) {
  EDGE_CHECK(bytes <= size_);
  std::size_t left = bytes;
  for (std::size_t i = first_; left > 0; ++i) {
    const Piece& piece = pieces_[i];
    const std::size_t taken = std::min(left, piece.size);
    left -= taken;
    if (piece.data) {
      to.append_shared({piece.data, taken}, piece.owner);
    } else {
      to.append_copy(std::string_view(copied_).substr(piece.offset, taken));
    }
  }
  consume(bytes);
}

void OutputQueue::consume(std::size_t bytes) {
  EDGE_CHECK(bytes <= size_);
  size_ -= bytes;
  consumed_ += bytes;
  while (bytes > 0) {
    Piece& piece = pieces_[first_];
    const std::size_t taken = std::min(bytes, piece.size);
    bytes -= taken;
    piece.size -= taken;
    if (piece.data) {
      piece.data += taken;
    } else {
      piece.offset += taken;
    }
    if (piece.size == 0) {
      piece.owner = {};
      ++first_;
    }
  }
  compact();
}

bool OutputQueue::take_back(std::uint64_t from) {
  EDGE_CHECK(from <= end());
  if (from < consumed_) return false;
  std::size_t left = static_cast<std::size_t>(end() - from);
  size_ -= left;
  while (left > 0) {
    Piece& last = pieces_.back();
    const std::size_t taken = std::min(left, last.size);
    left -= taken;
    last.size -= taken;
    if (!last.data) copied_.resize(last.offset + last.size);
    if (last.size == 0) pieces_.pop_back();
  }
  compact();
  return true;
}

void OutputQueue::compact() {
  if (size_ == 0) {
    pieces_.clear();
    first_ = 0;
    if (copied_.capacity() > kKeptBytes) std::string().swap(copied_);  // Assigning would keep the memory.
    copied_.clear();
    return;
  }
  if (first_ > 64) {
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  const auto copy = std::find_if(pieces_.begin() + static_cast<std::ptrdiff_t>(first_), pieces_.end(),
                                 [](const Piece& piece) { return !piece.data; });
  const std::size_t sent = copy == pieces_.end() ? copied_.size() : copy->offset;
  if (sent < kCompactBytes) return;
  copied_.erase(0, sent);
  for (auto it = copy; it != pieces_.end(); ++it)
    if (!it->data) it->offset -= sent;
}

}  // namespace edge::frontend
