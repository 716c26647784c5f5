// Clients that only count: what to send next, and how many answers some bytes hold. They allocate nothing once they
// have begun.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "bench/micro/http2_requests.h"

namespace edge::bench {

class Http1Asker {
 public:
  Http1Asker(std::size_t avatars, std::size_t body_bytes) : body_bytes_(body_bytes) {
    for (std::size_t avatar = 0; avatar < avatars; ++avatar) requests_.push_back(http1_request(avatar_path(avatar)));
  }

  void append_opening(std::string&) {}
  void append_request(std::string& bytes) { bytes += requests_[turn_++ % requests_.size()]; }
  // Whole answers among these bytes, which come in any pieces.
  std::size_t count_answers(std::string_view bytes) {
    std::size_t answers = 0;
    while (!bytes.empty()) {
      if (body_left_ != 0) {
        const std::size_t piece = std::min(body_left_, bytes.size());
        bytes.remove_prefix(piece);
        if ((body_left_ -= piece) == 0) ++answers;
        continue;
      }
      // The end of a head, of which a part may have come before.
      static constexpr std::string_view kEnd = "\r\n\r\n";
      if (matched_ == 0) bytes.remove_prefix(std::min(bytes.find('\r'), bytes.size()));
      while (!bytes.empty()) {
        const char c = bytes.front();
        if (c != kEnd[matched_] && (matched_ = 0, c != kEnd[0])) break;
        bytes.remove_prefix(1);
        if (++matched_ < kEnd.size()) continue;
        matched_ = 0;
        body_left_ = body_bytes_;
        break;
      }
    }
    return answers;
  }

 private:
  const std::size_t body_bytes_;
  std::vector<std::string> requests_;
  std::size_t turn_ = 0;
  std::size_t matched_ = 0;  // Of the end of a head.
  std::size_t body_left_ = 0;
};

class Http2Asker {
 public:
  Http2Asker(std::size_t avatars, std::size_t) : requests_(avatars) {}

  void append_opening(std::string& bytes) { bytes += http2_preface(); }
  void append_request(std::string& bytes) {
    if (taken_ > kWindowStep) {
      bytes.append(window_update_);
      taken_ -= kWindowStep;
    }
    bytes += requests_.next(stream_);
    stream_ += 2;
  }
  std::size_t count_answers(std::string_view bytes) {
    std::size_t answers = 0;
    while (!bytes.empty()) {
      if (payload_left_ != 0) {
        const std::size_t piece = std::min(payload_left_, bytes.size());
        bytes.remove_prefix(piece);
        payload_left_ -= piece;
        continue;
      }
      head_[head_size_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (head_size_ < kHeadBytes) continue;
      head_size_ = 0;
      payload_left_ = std::size_t{head_[0]} << 16 | std::size_t{head_[1]} << 8 | head_[2];
      const auto type = static_cast<Http2Frame>(head_[3]);
      EDGE_CHECK(type != Http2Frame::ResetStream);
      if (type != Http2Frame::Data) continue;
      taken_ += payload_left_;
      // Counted when its last frame begins; with the turn that ends the rest has come as well.
      if ((head_[4] & NGHTTP2_FLAG_END_STREAM) != 0) ++answers;
    }
    return answers;
  }

 private:
  static constexpr std::size_t kHeadBytes = 9;
  static constexpr std::uint32_t kWindowStep = 1 << 28;

  Http2Requests requests_;
  const std::string window_update_ = http2_frame(Http2Frame::WindowUpdate, 0, 0, big_endian(kWindowStep, 4));
  std::uint32_t stream_ = 1;
  std::size_t taken_ = 0;  // Of the connection's window.
  unsigned char head_[kHeadBytes];
  std::size_t head_size_ = 0;
  std::size_t payload_left_ = 0;
};

}  // namespace edge::bench
