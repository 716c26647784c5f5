#include "origin/http1_body.h"

#include <string>

#include "support/catch.h"

using edge::origin::Http1Body;

namespace {

struct Taken {
  std::string body;
  std::size_t bytes = 0;
  bool is_malformed = false;
};

// In pieces of `step` bytes, until the end.
Taken take(Http1Body& body, std::string_view bytes, std::size_t step) {
  Taken all;
  while (!body.has_ended() && !body.is_malformed() && !bytes.empty()) {
    const auto taken = body.take(bytes.substr(0, step));
    all.body += taken.piece;
    all.bytes += taken.bytes;
    bytes.remove_prefix(taken.bytes);
  }
  all.is_malformed = body.is_malformed();
  return all;
}

}  // namespace

TEST_CASE("a body of a declared length ends with its last byte, and what follows is left", "[origin][rfc9112-6.2]") {
  const auto step = GENERATE(1u, 2u, 4u, 5u, 100u);
  Http1Body body;
  body.begin_length(5);
  CHECK_FALSE(body.has_ended());
  const Taken all = take(body, "helloHTTP/1.1", step);
  CHECK(all.body == "hello");
  CHECK(all.bytes == 5);
  CHECK(body.has_ended());
  CHECK_FALSE(body.ends_with_connection());
}

TEST_CASE("no body has ended before it began", "[origin][rfc9112-6.3]") {
  Http1Body body;
  if (GENERATE(true, false)) {
    body.begin_empty();
  } else {
    body.begin_length(0);
  }
  CHECK(body.has_ended());
  CHECK(body.take("x").bytes == 0);
}

TEST_CASE("a chunked body is the bytes of its chunks, however it comes", "[origin][rfc9112-7.1]") {
  const auto step = GENERATE(1u, 2u, 3u, 7u, 1000u);
  const std::string_view trailers = GENERATE("", "x-a: 1\r\n", "x-a: 1\r\nx-b: 2\r\n");
  const std::string text =
      "5\r\nhello\r\n07;name=\"a value\"\r\n, world\r\nA ;x\r\n0123456789\r\n1 \t \r\n!\r\n00\r\n" +
      std::string(trailers) + "\r\n";
  Http1Body body;
  body.begin_chunked();
  const Taken all = take(body, text + "HTTP/1.1 200", step);
  CHECK(all.body == "hello, world0123456789!");
  CHECK(all.bytes == text.size());
  CHECK(body.has_ended());
}

TEST_CASE("a body may be read after another, of whatever kind", "[origin]") {
  Http1Body body;
  for (int i = 0; i < 3; ++i) {
    body.begin_chunked();
    CHECK(take(body, "1\r\na\r\n0\r\n\r\n", 100).body == "a");
    CHECK(body.has_ended());
    body.begin_length(1);
    CHECK(take(body, "b", 100).body == "b");
    CHECK(body.has_ended());
  }
}

TEST_CASE("a chunked body that was cut short has not ended", "[origin][rfc9112-8]") {
  Http1Body body;
  body.begin_chunked();
  CHECK(take(body, GENERATE("5\r\nhel", "5\r\nhello\r\n", "5\r\nhello\r\n0\r\n", "5\r\nhello\r\n0\r\nx: 1\r\n"), 3)
            .bytes > 0);
  CHECK_FALSE(body.has_ended());
}

TEST_CASE("chunks that could be read in two ways are malformed", "[origin][rfc9112-7.1]") {
  const std::string_view text =
      GENERATE("hello", "-5\r\nhello\r\n", "0x5\r\nhello\r\n", "5\r\nhelloworld\r\n0\r\n\r\n", "10000000000000000\r\nx",
               "5 5\r\nhello\r\n", "\r\n5\r\nhello\r\n", " 5\r\nhello\r\n", "5\nhello\r\n", "5\r\nhello\n",
               "5\rhello\r\n", "5;a\nhello\r\n", "5;a\rb\r\nhello\r\n", "0\r\n\n", "0\r\n\rx");
  Http1Body body;
  body.begin_chunked();
  CHECK(take(body, text, GENERATE(1u, 100u)).is_malformed);
  CHECK_FALSE(body.has_ended());
  CHECK(body.take("0\r\n\r\n").bytes == 0);
}

TEST_CASE("what nobody reads of a chunked body has a limit", "[origin]") {
  const bool is_too_much = GENERATE(false, true);
  const bool is_trailer = GENERATE(false, true);
  // With its line ends the trailer is 6 bytes more, the extension 3.
  const std::string text(Http1Body::kUnreadBytesMax - (is_trailer ? 6 : 3) + (is_too_much ? 1 : 0), 'x');
  Http1Body body;
  body.begin_chunked();
  const std::string all = is_trailer ? "0\r\na: " + text + "\r\n\r\n" : "0;" + text + "\r\n\r\n";
  CHECK(take(body, all, 5'000).is_malformed == is_too_much);
  CHECK(body.has_ended() != is_too_much);
}

TEST_CASE("a body may have any number of chunks", "[origin]") {
  std::string text;
  for (std::size_t i = 0; i < Http1Body::kUnreadBytesMax; ++i) text += "1;a=b\r\nx\r\n";
  Http1Body body;
  body.begin_chunked();
  CHECK(take(body, text + "0\r\n\r\n", 100'000).body.size() == Http1Body::kUnreadBytesMax);
  CHECK(body.has_ended());
}

TEST_CASE("a chunk may be as large as can be said", "[origin][rfc9112-7.1]") {
  Http1Body body;
  body.begin_chunked();
  CHECK(take(body, "fFfFfFfFfFfFfFfF\r\nx", 100).body == "x");
}

TEST_CASE("a body without a length goes on until the connection ends", "[origin][rfc9112-6.3]") {
  Http1Body body;
  body.begin_until_close();
  CHECK(take(body, "all of it", 2).body == "all of it");
  CHECK_FALSE(body.has_ended());
  CHECK(body.ends_with_connection());
}
