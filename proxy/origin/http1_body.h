// Where the body of a response of HTTP/1 ends, and its bytes without what frames them (RFC 9112 sections 6 and 7). No
// socket.
#pragma once

#include <cstdint>
#include <string_view>

namespace edge::origin {

// Owned by its transfer.
class Http1Body {
 public:
  // Of one chunk's extensions, and of all trailers, which nobody reads.
  static constexpr std::size_t kUnreadBytesMax = 64 * 1024;

  void begin_empty() { begin(Framing::Length, 0); }
  void begin_length(std::uint64_t length) { begin(Framing::Length, length); }
  void begin_chunked() { begin(Framing::Chunked, 0); }
  void begin_until_close() { begin(Framing::UntilClose, 0); }

  struct Taken {
    std::size_t bytes;       // Of those given; fewer than all behind a piece and behind the end.
    std::string_view piece;  // The body's among them, if any.
  };
  // Takes `bytes` as far as one piece reaches, or the end, or a fault.
  Taken take(std::string_view bytes);

  bool has_ended() const { return has_ended_; }
  // The chunks are not as they must be; nothing more can be taken.
  bool is_malformed() const { return is_malformed_; }
  // Whether the end of the connection is the body's, too.
  bool ends_with_connection() const { return framing_ == Framing::UntilClose; }

 private:
  enum class Framing { Length, Chunked, UntilClose };
  // What comes next.
  enum class Chunk {
    FirstDigit,
    Digits,
    Space,
    Extension,
    SizeEnd,
    Data,
    DataReturn,
    DataEnd,
    Trailer,
    TrailerText,
    TrailerEnd,
    End
  };

  void begin(Framing framing, std::uint64_t left);
  Taken take_data(std::string_view bytes);
  Taken take_chunks(std::string_view bytes);
  bool step(char c);
  bool add_digit(char c);
  bool end_size(char c);
  bool pass_over();

  Framing framing_ = Framing::Length;
  Chunk chunk_ = Chunk::FirstDigit;
  bool has_ended_ = true;
  bool is_malformed_ = false;
  std::uint64_t left_ = 0;  // Of a length, or of a chunk.
  std::size_t unread_bytes_ = 0;
};

}  // namespace edge::origin
