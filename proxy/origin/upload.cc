#include "origin/upload.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace edge::origin {

void Upload::append(std::string_view piece) {
  if (length_)
    piece = piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), *length_ - given_)));
  given_ += piece.size();
  next_.append(piece);
}

std::size_t Upload::take(char* to, std::size_t room) {
  if (current_taken_ == current_.size()) {
    current_.clear();
    current_taken_ = 0;
    std::swap(current_, next_);
  }
  const std::string_view piece = current_.view().substr(current_taken_, room);
  if (!piece.empty()) std::memcpy(to, piece.data(), piece.size());
  current_taken_ += piece.size();
  taken_ += piece.size();
  return piece.size();
}

}  // namespace edge::origin
