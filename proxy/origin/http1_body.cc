#include "origin/http1_body.h"

#include "base/text.h"

namespace edge::origin {

void Http1Body::begin(Framing framing, std::uint64_t left) {
  framing_ = framing;
  chunk_ = Chunk::FirstDigit;
  left_ = left;
  has_ended_ = framing == Framing::Length && left == 0;
  is_malformed_ = false;
  unread_bytes_ = 0;
}

Http1Body::Taken Http1Body::take(std::string_view bytes) {
  if (has_ended_ || is_malformed_) return {0, {}};
  switch (framing_) {
    case Framing::UntilClose:
      return {bytes.size(), bytes};
    case Framing::Length: {
      const Taken taken = take_data(bytes);
      has_ended_ = left_ == 0;
      return taken;
    }
    case Framing::Chunked:
      return take_chunks(bytes);
  }
  return {0, {}};
}

Http1Body::Taken Http1Body::take_data(std::string_view bytes) {
  bytes = bytes.substr(0, left_);
  left_ -= bytes.size();
  return {bytes.size(), bytes};
}

Http1Body::Taken Http1Body::take_chunks(std::string_view bytes) {
  std::size_t taken = 0;
  while (taken < bytes.size() && !has_ended_) {
    if (chunk_ == Chunk::Data) {
      const Taken data = take_data(bytes.substr(taken));
      if (left_ == 0) chunk_ = Chunk::DataReturn;
      unread_bytes_ = 0;
      return {taken + data.bytes, data.piece};
    }
    is_malformed_ = !step(bytes[taken]);
    if (is_malformed_) break;
    ++taken;
    has_ended_ = chunk_ == Chunk::End;
  }
  return {taken, {}};
}

// RFC 9112 section 7.1. A line ends with CR LF and nothing less: there are servers and clients that disagree about the
// rest. What stands between size and extension, or behind a size (old servers pad it), is spaces (section 7.1.1).
bool Http1Body::step(char c) {
  switch (chunk_) {
    case Chunk::FirstDigit:
      left_ = 0;
      chunk_ = Chunk::Digits;
      return add_digit(c);
    case Chunk::Digits:
      return hex_value(c) >= 0 ? add_digit(c) : end_size(c);
    case Chunk::Space:
      return end_size(c);
    case Chunk::Extension:
      if (c == '\r') chunk_ = Chunk::SizeEnd;
      return c != '\n' && pass_over();
    case Chunk::SizeEnd:
      chunk_ = left_ == 0 ? Chunk::Trailer : Chunk::Data;
      return c == '\n';
    case Chunk::DataReturn:
      chunk_ = Chunk::DataEnd;
      return c == '\r';
    case Chunk::DataEnd:
      chunk_ = Chunk::FirstDigit;
      return c == '\n';
    case Chunk::Trailer:
      chunk_ = c == '\r' ? Chunk::TrailerEnd : Chunk::TrailerText;
      return c != '\n' && pass_over();
    case Chunk::TrailerText:
      if (c == '\n') chunk_ = Chunk::Trailer;
      return pass_over();
    case Chunk::TrailerEnd:
      chunk_ = Chunk::End;
      return c == '\n';
    case Chunk::Data:
    case Chunk::End:
      break;
  }
  return false;
}

bool Http1Body::add_digit(char c) {
  const int value = hex_value(c);
  if (value < 0 || left_ >> 60 != 0) return false;
  left_ = left_ << 4 | static_cast<std::uint64_t>(value);
  return true;
}

bool Http1Body::end_size(char c) {
  chunk_ = c == '\r' ? Chunk::SizeEnd : c == ';' ? Chunk::Extension : Chunk::Space;
  return c == '\r' || ((c == ';' || c == ' ' || c == '\t') && pass_over());
}

// RFC 9110 section 6.5.1: who does not know what a trailer field means may drop it.
bool Http1Body::pass_over() { return ++unread_bytes_ <= kUnreadBytesMax; }

}  // namespace edge::origin
