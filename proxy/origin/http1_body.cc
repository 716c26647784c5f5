#include "origin/http1_body.h"

#include <algorithm>

#include "base/check.h"

namespace edge::origin {
namespace {

// The head has been read elsewhere; this is what llhttp need know of it.
constexpr std::string_view kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

const llhttp_settings_t* Http1Body::settings() {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_body = [](llhttp_t* p, const char* at, size_t n) {
      self(p).pieces_.emplace_back(at, n);
      return 0;
    };
    s.on_header_field = [](llhttp_t* p, const char*, size_t n) { return self(p).pass_over_trailer(n); };
    s.on_header_value = [](llhttp_t* p, const char*, size_t n) { return self(p).pass_over_trailer(n); };
    s.on_message_complete = [](llhttp_t* p) -> int {
      self(p).has_ended_ = true;
      return HPE_PAUSED;
    };
    return s;
  }();
  return &settings;
}

// RFC 9110 section 6.5.1: who does not know what a trailer field means may drop it.
int Http1Body::pass_over_trailer(std::size_t bytes) {
  trailer_bytes_ += bytes;
  return trailer_bytes_ > kTrailerBytesMax ? -1 : 0;
}

void Http1Body::begin(Framing framing, std::uint64_t left) {
  framing_ = framing;
  left_ = left;
  has_ended_ = framing == Framing::Length && left == 0;
  trailer_bytes_ = 0;
  pieces_.clear();
}

void Http1Body::begin_chunked() {
  begin(Framing::Chunked, 0);
  llhttp_init(&llhttp_, HTTP_RESPONSE, settings());
  llhttp_.data = this;
  EDGE_CHECK(llhttp_execute(&llhttp_, kChunkedHead.data(), kChunkedHead.size()) == HPE_OK);
  trailer_bytes_ = 0;
}

std::optional<std::size_t> Http1Body::take(std::string_view bytes) {
  pieces_.clear();
  if (has_ended_ || bytes.empty()) return 0;
  if (framing_ == Framing::Chunked) return take_chunks(bytes);
  if (framing_ == Framing::Length) {
    bytes = bytes.substr(0, left_);
    left_ -= bytes.size();
    has_ended_ = left_ == 0;
  }
  pieces_.push_back(bytes);
  return bytes.size();
}

std::optional<std::size_t> Http1Body::take_chunks(std::string_view bytes) {
  const llhttp_errno_t result = llhttp_execute(&llhttp_, bytes.data(), bytes.size());
  if (result == HPE_OK) return bytes.size();
  if (!has_ended_) return std::nullopt;
  return static_cast<std::size_t>(llhttp_get_error_pos(&llhttp_) - bytes.data());
}

}  // namespace edge::origin
