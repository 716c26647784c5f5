#include "origin/transfer.h"

namespace edge::origin {

void Transfer::clear_notes(std::uint64_t collect_bytes_max, bool may_be_http2) {
  was_request_sent_ = is_over_ = false;
  head_.clear(may_be_http2);
  collect_bytes_max_ = collect_bytes_max;
  body_length_.reset();
  body_.clear();
  body_bytes_max_ = kStreamBytesMax;
  held_back_bytes_ = 0;
  failure_.reset();
}

bool Transfer::expect_body(bool is_head_request) {
  if (is_head_request || head_.head().status == 204 || head_.head().status == 304) return false;
  body_length_ = head_.content_length();
  // The whole body will fit: room for it at once, so that it is copied once.
  if (body_length_ && *body_length_ <= collect_bytes_max_) body_.reserve(static_cast<std::size_t>(*body_length_));
  return true;
}

}  // namespace edge::origin
