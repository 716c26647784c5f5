#include "frontend/http1_head.h"

#include "support/catch.h"

using namespace edge::frontend;

namespace {

std::string text_of(const Http1Head& head) {
  std::string out = "before ";
  append_head(out, head);
  return out;
}

}  // namespace

TEST_CASE("a head is a status line, the fields, and what the connection has to say", "[frontend][rfc9112 4]") {
  CHECK(text_of({.status = 200,
                 .fields = "etag: \"1\"\r\n",
                 .more_fields = "age: 3\r\n",
                 .date = "Sun, 06 Nov 1994 08:49:37 GMT",
                 .framing = Http1Head::Framing::Length,
                 .length = 1234,
                 .connection = Http1Head::Connection::KeepAlive}) ==
        "before HTTP/1.1 200 OK\r\netag: \"1\"\r\nage: 3\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "content-length: 1234\r\n\r\n");
}

TEST_CASE("a head without a body says nothing of one", "[frontend][rfc9110 8.6]") {
  CHECK(text_of({.status = 304, .fields = "etag: \"1\"\r\n", .more_fields = "", .date = ""}) ==
        "before HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n");
}

TEST_CASE("each framing and each end of a connection is said in its way", "[frontend][rfc9112 6]") {
  CHECK(text_of({.status = 404,
                 .fields = "",
                 .more_fields = "",
                 .date = "",
                 .framing = Http1Head::Framing::Chunked,
                 .connection = Http1Head::Connection::Close}) ==
        "before HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n");
  CHECK(text_of({.status = 200,
                 .fields = "",
                 .more_fields = "",
                 .date = "",
                 .framing = Http1Head::Framing::UntilClose,
                 .connection = Http1Head::Connection::Close}) == "before HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
  CHECK(text_of({.status = 200,
                 .fields = "",
                 .more_fields = "",
                 .date = "",
                 .framing = Http1Head::Framing::Length,
                 .length = 0,
                 .connection = Http1Head::Connection::KeepAliveSaid}) ==
        "before HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n");
}

TEST_CASE("1xx, 204 and 304 have no body", "[frontend][rfc9110 6.4.1]") {
  for (const int status : {100, 101, 103, 204, 304})
    CHECK_FALSE(status_allows_body(static_cast<std::uint16_t>(status)));
  for (const int status : {200, 203, 205, 301, 400, 404, 500})
    CHECK(status_allows_body(static_cast<std::uint16_t>(status)));
}
