// Fuzzes origin: bodies of HTTP/1. However one is cut, the same comes of it, and nothing behind its end is taken.
#include "origin/http1_body.h"

#include <cstdint>
#include <string>

#include "base/check.h"

namespace {

using edge::origin::Http1Body;

struct Taken {
  std::string body{};
  std::size_t bytes = 0;
  bool is_malformed = false;
  bool has_ended = false;

  bool operator==(const Taken&) const = default;
};

// The first byte says how it is framed.
void begin(Http1Body& body, std::uint8_t how) {
  if (how == 0) return body.begin_until_close();
  how < 128 ? body.begin_length(how) : body.begin_chunked();
}

Taken take(std::uint8_t how, std::string_view input, std::size_t step) {
  Http1Body body;
  begin(body, how);
  Taken all;
  while (!body.has_ended() && !body.is_malformed() && !input.empty()) {
    const auto piece = input.substr(0, step);
    const auto taken = body.take(piece);
    EDGE_CHECK(taken.bytes <= piece.size() && taken.piece.size() <= taken.bytes);
    EDGE_CHECK(taken.bytes > 0 || body.is_malformed());
    all.body += taken.piece;
    all.bytes += taken.bytes;
    input.remove_prefix(taken.bytes);
  }
  all.is_malformed = body.is_malformed();
  all.has_ended = body.has_ended();
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(data + 1, data + size);
  const Taken whole = take(data[0], text, text.size() + 1);
  EDGE_CHECK(!(whole.is_malformed && whole.has_ended));
  for (std::size_t step = 1; step < 4; ++step) {
    const Taken pieces = take(data[0], text, step);
    EDGE_CHECK(pieces == whole);
  }
  return 0;
}
