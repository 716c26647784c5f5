#include "frontend/http1_parser.h"

#include <string>
#include <vector>

#include "support/catch.h"

namespace edge::frontend {
namespace {

using Event = Http1Parser::Event;

// What a parser made of some bytes, as text: one line an event.
class Reading {
 public:
  explicit Reading(RequestLimits limits = {16'384, 100, 4'096}) : limits_(limits), parser_(limits_) {}

  std::string of(std::string_view bytes, std::size_t piece = std::string_view::npos) {
    for (std::size_t at = 0; at < bytes.size(); at += piece == std::string_view::npos ? bytes.size() : piece)
      feed(bytes.substr(at, piece));
    end_body();
    return told_;
  }

 private:
  void feed(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto [event, consumed] = parser_.parse(bytes);
      bytes.remove_prefix(consumed);
      if (event == Event::Body) {
        body_ += parser_.body_piece();
        continue;
      }
      if (event != Event::NeedMore) end_body();
      if (event == Event::Head) tell_head();
      if (event == Event::End) told_ += "end\n";
      if (event == Event::Refused) {
        told_ +=
            "refused " + std::to_string(parser_.refusal().status) + " " + std::string(parser_.refusal().detail) + "\n";
        return;
      }
    }
  }
  void end_body() {
    if (!body_.empty()) told_ += "body " + body_ + "\n";
    body_.clear();
  }
  void tell_head() {
    const http::RequestHead& head = parser_.head();
    told_ += std::string(head.method_name) + " " + std::string(head.target);
    for (const auto& field : head.fields) told_ += " " + std::string(field.name) + "=" + std::string(field.value);
    if (parser_.has_body())
      told_ += parser_.body_length() ? " +" + std::to_string(*parser_.body_length()) : " +chunked";
    if (!parser_.wants_keep_alive()) told_ += " close";
    told_ += "\n";
  }

  RequestLimits limits_;
  Http1Parser parser_;
  std::string told_;
  std::string body_;
};

std::string refused(std::string_view bytes, RequestLimits limits = {16'384, 100, 4'096}) {
  return Reading(limits).of(bytes);
}

}  // namespace

TEST_CASE("any split of the bytes gives the same requests", "[frontend][rfc9112]") {
  const std::string bytes =
      "GET /a?b HTTP/1.1\r\nHost: x\r\nEmpty:\r\nIf-None-Match:  \"1\", \"2\" \r\n\r\n"
      "PUT /b HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
      "HEAD /d HTTP/1.0\r\n\r\n";
  const std::string whole = Reading().of(bytes);
  CHECK(whole ==
        "GET /a?b Host=x Empty= If-None-Match=\"1\", \"2\"\n"
        "PUT /b Host=x Content-Length=5 +5\nbody hello\nend\n"
        "POST /c Host=x Transfer-Encoding=chunked +chunked\nbody abcdefg\nend\n"
        "HEAD /d close\n");
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK(Reading().of(bytes, piece) == whole);
  }
}

TEST_CASE("a folded field line is refused, however the bytes are split", "[frontend][rfc9112]") {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n";
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    INFO("pieces of " << piece);
    CHECK(Reading().of(bytes, piece).find("refused 400") == 0);
  }
}

TEST_CASE("a request whose end is a guess is refused", "[frontend][rfc9112]") {
  CHECK(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n").find("refused 400") ==
        0);
  CHECK(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n")
            .find("refused 400") == 0);
  CHECK(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n").find("refused 400") == 0);
  CHECK(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n").find("refused 400") == 0);
  CHECK(refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").find("refused 400") == 0);
  CHECK(refused("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n").find("refused 501") == 0);
  CHECK(refused("POST / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\nhello").find("refused 400") == 0);
}

TEST_CASE("a transfer coding other than chunked is not known", "[frontend][rfc9112 6.1]") {
  const std::string coding = GENERATE("gzip, chunked", "gzip\r\nTransfer-Encoding: chunked", "identity, chunked");
  CHECK(refused("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: " + coding + "\r\n\r\n").find("refused 501") == 0);
}

TEST_CASE("trailers are passed over, and leave the head as it was", "[frontend][rfc9110 6.5.1]") {
  const RequestLimits limits{16'384, 100, 4'096};
  Http1Parser parser(limits);
  const std::string head = "PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  REQUIRE(parser.parse(head).event == Event::Head);
  const std::string trailers = "0\r\nx: " + std::string(8000, 'y') + "\r\nz: w\r\n\r\n";
  const std::size_t half = GENERATE(1u, 4u, 4000u, 8010u);
  CHECK(parser.parse(std::string_view(trailers).substr(0, half)).event == Event::NeedMore);
  CHECK(parser.parse(std::string_view(trailers).substr(half)).event == Event::End);
  CHECK(parser.head().target == "/a");
  CHECK(parser.head().fields.size() == 2);
  CHECK(parser.head().fields.value(http::FieldName::Host) == "x");
  CHECK(parser.parse("GET /b HTTP/1.1\r\nHost: y\r\n\r\n").event == Event::Head);
  CHECK(parser.head().target == "/b");
}

TEST_CASE("more trailers than a head may have are refused", "[frontend]") {
  CHECK(refused("PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: " + std::string(200, 'y'),
                {100, 100, 4'096})
            .find("refused 431") != std::string::npos);
}

TEST_CASE("exactly one Host is required of HTTP/1.1", "[frontend][rfc9112]") {
  CHECK(refused("GET / HTTP/1.1\r\n\r\n") == "refused 400 Host missing or repeated\n");
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") == "refused 400 Host missing or repeated\n");
  CHECK(refused("GET / HTTP/1.0\r\n\r\n") == "GET / close\n");
}

TEST_CASE("what is not HTTP/1 is refused", "[frontend][rfc9112]") {
  CHECK(refused("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").find("refused") == 0);
  CHECK(refused("GET / HTTP/3.7\r\nHost: x\r\n\r\n").find("refused") == 0);
  CHECK(refused("\x16\x03\x01\x02garbage garbage").find("refused") == 0);
  CHECK(refused("FROB / HTTP/1.1\r\nHost: x\r\n\r\n").find("refused 501") == 0);
  CHECK(refused("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n").find("refused 501") == 0);
}

TEST_CASE("an upgrade that is asked for is ignored", "[frontend][rfc9110]") {
  CHECK(refused("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\nGET /2 HTTP/1.1\r\nHost: "
                "x\r\n\r\n") == "GET / Host=x Connection=Upgrade Upgrade=h2c\nGET /2 Host=x\n");
}

TEST_CASE("a limit that is reached has its own status", "[frontend]") {
  const std::string start = "GET / HTTP/1.1\r\nHost: x\r\n";
  CHECK(refused("GET /" + std::string(100, 'a') + " HTTP/1.1\r\n", {1000, 10, 100}) == "refused 414 target too long\n");
  CHECK(refused(start + "A: " + std::string(1000, 'a') + "\r\n\r\n", {1000, 10, 100}) ==
        "refused 431 header fields too large\n");
  std::string many = start;
  for (int i = 0; i < 10; ++i) many += "A: b\r\n";
  CHECK(refused(many + "\r\n", {1000, 10, 100}) == "refused 431 too many header fields\n");
}

TEST_CASE("no control character gets through in a field", "[frontend][rfc9110]") {
  CHECK(refused(std::string("GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 35)).find("refused 400") == 0);
  CHECK(refused("GET / HTTP/1.1\r\nHost: x\r\nA: b\x7f"
                "c\r\n\r\n")
            .find("refused 400") == 0);
  CHECK(refused("GET / HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n").find("refused 400") == 0);
}

TEST_CASE("asked again without bytes, a parser says the end of a body, or that it needs more", "[frontend]") {
  const RequestLimits limits{1000, 10, 100};
  for (const std::string_view body : {"hello", "hel"}) {
    Http1Parser parser(limits);
    const std::string head = "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n";
    REQUIRE(parser.parse(head).event == Event::Head);
    REQUIRE(parser.parse(body).event == Event::Body);
    CHECK(parser.may_have_more());
    CHECK(parser.parse({}).event == (body.size() == 5 ? Event::End : Event::NeedMore));
    CHECK_FALSE(parser.may_have_more());
  }
}

}  // namespace edge::frontend
