// The frames of a client of HTTP/2, made once, so that sending them costs the measurement nothing.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/handle.h"
#include "bench/micro/browser_request.h"

namespace edge::bench {

enum class Http2Frame : std::uint8_t {
  Data = 0,
  Headers = 1,
  ResetStream = 3,
  Settings = 4,
  WindowUpdate = 8,
};

inline std::string big_endian(std::uint32_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = bytes; i-- > 0;) text += static_cast<char>(value >> (8 * i));
  return text;
}

// RFC 9113 section 4.1.
inline std::string http2_frame(Http2Frame type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string text = big_endian(static_cast<std::uint32_t>(payload.size()), 3);
  text += static_cast<char>(type);
  text += static_cast<char>(flags);
  return text + big_endian(stream, 4) + std::string(payload);
}

// Makes the frame one of that stream.
inline void put_stream(std::string& frame, std::uint32_t stream) {
  for (std::size_t i = 0; i < 4; ++i) frame[5 + i] = static_cast<char>(stream >> (8 * (3 - i)));
}

// The preface, with windows that stay open for long: 1 MiB a stream, as large as may be for the connection.
inline std::string http2_preface() {
  return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
         http2_frame(Http2Frame::Settings, 0, 0, big_endian(4, 2) + big_endian(1 << 20, 4)) +
         http2_frame(Http2Frame::WindowUpdate, 0, 0, big_endian(INT32_MAX - 65535, 4));
}

// HEADERS frames of one connection. All that does not change from request to request stands in the table of HPACK after
// the first; the path is a literal that does not.
class Http2Requests {
 public:
  explicit Http2Requests(std::size_t avatars) {
    nghttp2_hd_deflater* raw = nullptr;
    EDGE_CHECK(nghttp2_hd_deflate_new(&raw, 4096) == 0);
    const CHandle<nghttp2_hd_deflater, nghttp2_hd_deflate_del> deflater(raw);
    first_ = frame(deflater.get(), avatar_path(0));
    for (std::size_t avatar = 0; avatar < avatars; ++avatar)
      later_.push_back(frame(deflater.get(), avatar_path(avatar)));
  }

  // The first request of the connection; then the others, in turn. With END_STREAM and END_HEADERS. The view is valid
  // until the next call.
  std::string_view next(std::uint32_t stream) {
    std::string& text = std::exchange(is_first_, false) ? first_ : later_[turn_++ % later_.size()];
    put_stream(text, stream);
    return text;
  }

 private:
  static std::string frame(nghttp2_hd_deflater* deflater, const std::string& path) {
    std::vector<nghttp2_nv> fields{field(":method", "GET"), field(":scheme", "https"), field(":authority", kHost),
                                   field(":path", path)};
    fields.back().flags = NGHTTP2_NV_FLAG_NO_INDEX;
    for (const auto& [name, value] : kBrowserFields) fields.push_back(field(name, value));
    std::string block(nghttp2_hd_deflate_bound(deflater, fields.data(), fields.size()), '\0');
    const ssize_t size = nghttp2_hd_deflate_hd(deflater, reinterpret_cast<std::uint8_t*>(block.data()), block.size(),
                                               fields.data(), fields.size());
    EDGE_CHECK(size > 0);
    block.resize(static_cast<std::size_t>(size));
    return http2_frame(Http2Frame::Headers, NGHTTP2_FLAG_END_STREAM | NGHTTP2_FLAG_END_HEADERS, 0, block);
  }
  static nghttp2_nv field(std::string_view name, std::string_view value) {
    const auto bytes = [](std::string_view text) {
      return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }

  bool is_first_ = true;
  std::size_t turn_ = 0;
  std::string first_;
  std::vector<std::string> later_;
};

}  // namespace edge::bench
