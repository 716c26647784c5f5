// Where the body of a response of HTTP/1 ends, and its bytes without what frames them (RFC 9112 sections 6 and 7). No
// socket. Chunks are llhttp's to read.
#pragma once

#include <llhttp.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace edge::origin {

// Owned by its transfer.
class Http1Body {
 public:
  // Of all trailers of one body.
  static constexpr std::size_t kTrailerBytesMax = 64 * 1024;

  Http1Body() = default;
  Http1Body(const Http1Body&) = delete;
  Http1Body& operator=(const Http1Body&) = delete;

  void begin_empty() { begin(Framing::Length, 0); }
  void begin_length(std::uint64_t length) { begin(Framing::Length, length); }
  void begin_chunked();
  void begin_until_close() { begin(Framing::UntilClose, 0); }

  // Takes `bytes` up to the body's end; how many were taken. Nothing where its chunks are malformed.
  std::optional<std::size_t> take(std::string_view bytes);
  // The body's bytes among those of the last take(); views into what it was given.
  std::span<const std::string_view> pieces() const { return pieces_; }

  bool has_ended() const { return has_ended_; }
  // Whether the end of the connection is the body's, too.
  bool ends_with_connection() const { return framing_ == Framing::UntilClose; }

 private:
  enum class Framing { Length, Chunked, UntilClose };

  static const llhttp_settings_t* settings();
  static Http1Body& self(llhttp_t* parser) { return *static_cast<Http1Body*>(parser->data); }
  int pass_over_trailer(std::size_t bytes);
  void begin(Framing framing, std::uint64_t left);
  std::optional<std::size_t> take_chunks(std::string_view bytes);

  Framing framing_ = Framing::Length;
  bool has_ended_ = true;
  std::uint64_t left_ = 0;  // Of a length.
  std::size_t trailer_bytes_ = 0;
  std::vector<std::string_view> pieces_;
  llhttp_t llhttp_{};
};

}  // namespace edge::origin
