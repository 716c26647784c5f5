#include "origin/head_reader.h"

#include "support/catch.h"

using namespace edge;
using origin::HeadReader;

namespace {

bool read(HeadReader& reader, std::initializer_list<std::string_view> lines) {
  for (const auto line : lines)
    if (!reader.add_line(line)) return false;
  return true;
}

}  // namespace

TEST_CASE("a folded field line becomes one line with spaces", "[origin][rfc9112-5.2]") {
  HeadReader reader;
  REQUIRE(read(reader, {"HTTP/1.1 200 OK\r\n", "X-A: one\r\n", "  two\r\n", "\tthree\r\n", "\r\n"}));
  REQUIRE(reader.is_complete());
  CHECK(reader.head().fields.size() == 1);
  CHECK(reader.head().fields.combined("x-a") == "one   two \tthree");
}

TEST_CASE("space before the colon is not part of the name", "[origin][rfc9112-5.1]") {
  HeadReader reader;
  REQUIRE(read(reader, {"HTTP/1.1 200 OK\r\n", "Content-Length : 5\r\n", "\r\n"}));
  CHECK(reader.content_length() == 5);
}

TEST_CASE("a status line need not have a reason", "[origin][rfc9112-4]") {
  HeadReader reader;
  CHECK(read(reader, {"HTTP/1.1 200\r\n", "\r\n"}));
  CHECK(reader.head().status == 200);
  reader.clear();
  CHECK(read(reader, {"HTTP/1.0 404 \n", "\n"}));
  CHECK(reader.head().status == 404);
}

TEST_CASE("a head of HTTP/2 is read where one may come", "[origin][rfc9113-8.3.2]") {
  HeadReader reader;
  CHECK_FALSE(read(reader, {"HTTP/2 200 \r\n", "\r\n"}));
  reader.clear(true);
  REQUIRE(
      read(reader, {"HTTP/2 103 \r\n", "link: </a>\r\n", "\r\n", "HTTP/2 200 \r\n", "content-length: 5\r\n", "\r\n"}));
  CHECK(reader.is_http2());
  CHECK(reader.has_interim());
  CHECK(reader.head().status == 200);
  CHECK(reader.content_length() == 5);
  reader.clear(true);
  CHECK(read(reader, {"HTTP/1.1 204 Nothing\r\n", "\r\n"}));
  CHECK_FALSE(reader.is_http2());
  reader.clear(true);
  CHECK_FALSE(read(reader, {"HTTP/2 200 \r\n", "transfer-encoding: chunked\r\n", "\r\n"}));
  for (const char* line :
       {"HTTP/2 20\r\n", "HTTP/2 2000\r\n", "HTTP/2 \r\n", "HTTP/2\r\n", "HTTP/2.0 200\r\n", "HTTP/3 200 \r\n"}) {
    CAPTURE(line);
    reader.clear(true);
    CHECK_FALSE(read(reader, {line}));
  }
}

TEST_CASE("the same length twice is one length", "[origin][rfc9110-8.6]") {
  HeadReader reader;
  REQUIRE(read(reader, {"HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "Content-Length: 5\r\n", "\r\n"}));
  CHECK(reader.content_length() == 5);
}

TEST_CASE("a head that cannot be trusted is refused", "[origin][rfc9112-11.1]") {
  const auto line = GENERATE("no colon", ": no name", "two words: x", "x: a\rb", "Content-Length: -1",
                             "Content-Length: 1, 2", "Transfer-Encoding: identity");
  HeadReader reader;
  INFO(line);
  CHECK_FALSE(read(reader, {"HTTP/1.1 200 OK\r\n", line, "\r\n"}));
  CHECK_FALSE(reader.is_complete());
  CHECK_FALSE(reader.problem().empty());
}

TEST_CASE("heads are limited in all, interim ones and trailers included", "[origin]") {
  HeadReader reader;
  const auto flood = [&reader](std::initializer_list<std::string_view> lines) {
    for (int i = 0; i < 10'000; ++i)
      if (!read(reader, lines)) return false;
    return true;
  };
  SECTION("interim") { CHECK_FALSE(flood({"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n"})); }
  SECTION("fields") {
    REQUIRE(read(reader, {"HTTP/1.1 200 OK\r\n"}));
    CHECK_FALSE(flood({"X-A: x\r\n"}));
  }
  SECTION("trailers") {
    REQUIRE(read(reader, {"HTTP/1.1 200 OK\r\n", "\r\n"}));
    CHECK_FALSE(flood({"X-A: x\r\n"}));
  }
}

TEST_CASE("interim responses are set aside, a handful of them, and 100 is not among them", "[origin][rfc9110-15.2]") {
  HeadReader reader;
  REQUIRE(
      read(reader, {"HTTP/1.1 100 Continue\r\n", "\r\n", "HTTP/1.1 103 Early Hints\r\n", "Link: </a>\r\n", "\r\n"}));
  REQUIRE(reader.has_interim());
  const auto first = reader.take_interim();
  REQUIRE(first.size() == 1);
  CHECK(first[0].status == 103);
  CHECK(first[0].lines == "link: </a>\r\n");
  CHECK_FALSE(reader.has_interim());
  for (int i = 0; i < 20; ++i) REQUIRE(read(reader, {"HTTP/1.1 102 Processing\r\n", "\r\n"}));
  CHECK(reader.take_interim().size() == HeadReader::kInterimMax - 1);
  REQUIRE(read(reader, {"HTTP/1.1 200 OK\r\n", "X: y\r\n", "\r\n"}));
  CHECK(reader.head().fields.size() == 1);
}
