#include "serving/answers.h"

#include "support/catch.h"
#include "unit/demo/fake_exchange.h"

using namespace edge;
using namespace edge::serving;
using demo::FakeExchange;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kFields =
    "etag: \"v1\"\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-type: image/png\r\ncontent-encoding: "
    "br\r\ncache-control: max-age=60\r\nvary: accept\r\n";
const Instant kBorn{1000s};
const WallTime kBornWall{784111777s};  // Sun, 06 Nov 1994 08:49:37 GMT.

struct Story {
  Story() {
    Bytes body;
    body.append("face");
    response = cache::StoredResponse::make(
        {.url = "/a", .fields = kFields, .etag = kFields.substr(6, 4), .born_at = kBorn, .fresh_until = kBorn + 60s},
        std::move(body), budget);
  }

  void answer(FakeExchange& exchange, const http::CacheStatus& status, Instant now) {
    answer_stored(
        exchange, response,
        {.status = status, .now = now, .wall = kBornWall + std::chrono::floor<std::chrono::milliseconds>(now - kBorn)});
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  cache::MemoryBudget budget{1 << 20};
  Ref<const cache::StoredResponse> response;
};

}  // namespace

TEST_CASE("a hit says its age and what the cache did", "[serving][rfc9111 5.1][rfc9211 2]") {
  Story story;
  FakeExchange exchange(story.loop, "GET", "/a");
  story.answer(exchange, {.is_hit = true, .ttl = 43s}, kBorn + 17s);
  CHECK(exchange.status() == 200);
  CHECK(exchange.body() == "face");
  CHECK(exchange.field("age") == "17");
  CHECK(exchange.field("via") == "1.1 avatar-edge");
  CHECK(exchange.field("cache-status") == "avatar-edge; hit; ttl=43");
  CHECK(exchange.field("content-type") == "image/png");
}

TEST_CASE("what has just come from the origin has no age", "[serving][rfc9111 5.1]") {
  Story story;
  FakeExchange exchange(story.loop, "GET", "/a");
  story.answer(exchange, {.forwarded = http::ForwardReason::UriMiss, .is_stored = true}, kBorn);
  CHECK(exchange.field("age").empty());
}

TEST_CASE("a client that has it already is told 304, with what a cache needs", "[serving][rfc9110 15.4.5]") {
  Story story;
  FakeExchange exchange(story.loop, "GET", "/a");
  exchange.add_field("if-none-match", "\"v1\"");
  story.answer(exchange, {.is_hit = true}, kBorn + 17s);
  CHECK(exchange.status() == 304);
  CHECK(exchange.body().empty());
  CHECK(exchange.field("etag") == "\"v1\"");
  CHECK(exchange.field("cache-control") == "max-age=60");
  CHECK(exchange.field("vary") == "accept");
  CHECK(exchange.field("age") == "17");
  CHECK(exchange.field("content-type").empty());
  CHECK(exchange.field("content-encoding").empty());
}

TEST_CASE("a client that has another one gets this one", "[serving][rfc9110 13.1.2]") {
  Story story;
  FakeExchange exchange(story.loop, "GET", "/a");
  exchange.add_field("if-none-match", "\"v0\"");
  story.answer(exchange, {.is_hit = true}, kBorn);
  CHECK(exchange.status() == 200);
  CHECK(exchange.body() == "face");
}

TEST_CASE("an origin that cannot be had is an error that nobody stores", "[serving][rfc9209 2]") {
  Story story;
  FakeExchange exchange(story.loop, "GET", "/a");
  answer_origin_error(exchange, http::ProxyError::ConnectionTimeout, "connect took too long",
                      http::ForwardReason::UriMiss);
  CHECK(exchange.status() == 504);
  CHECK(exchange.field("cache-control") == "no-store");
  CHECK(exchange.field("cache-status").find("fwd=uri-miss") != std::string::npos);
  CHECK(exchange.field("proxy-status").find("error=connection_timeout") != std::string::npos);
}

TEST_CASE("a refusal for want of room says when to come again", "[serving][rfc9110 10.2.3]") {
  Story story;
  FakeExchange full(story.loop, "GET", "/a"), wrong(story.loop, "GET", "/a");
  answer_refusal(full, 503, "too many wait");
  CHECK(full.status() == 503);
  CHECK(full.field("retry-after") == "1");
  answer_refusal(wrong, 400, "malformed target");
  CHECK(wrong.status() == 400);
  CHECK(wrong.field("retry-after").empty());
  CHECK(wrong.body().find("malformed target") != std::string::npos);
}

TEST_CASE("without Last-Modified, If-Modified-Since is compared with when the response was made",
          "[serving][rfc9111 4.3.2]") {
  Story story;
  const auto status = [&story](const char* since) {
    FakeExchange exchange(story.loop, "GET", "/a");
    exchange.add_field("if-modified-since", since);
    story.answer(exchange, {.is_hit = true}, kBorn + 17s);
    return exchange.status();
  };
  CHECK(status("Sun, 06 Nov 1994 08:49:37 GMT") == 304);
  CHECK(status("Sun, 06 Nov 1994 08:49:36 GMT") == 200);
}

TEST_CASE("a part of a stored response is 206, nothing of it is 416", "[serving][rfc9110 15.3.7]") {
  Story story;
  FakeExchange part(story.loop, "GET", "/a");
  part.add_field("range", "bytes=1-2");
  story.answer(part, {.is_hit = true}, kBorn);
  CHECK(part.status() == 206);
  CHECK(part.body() == "ac");
  CHECK(part.field("content-range") == "bytes 1-2/4");
  FakeExchange beyond(story.loop, "GET", "/a");
  beyond.add_field("range", "bytes=4-");
  story.answer(beyond, {.is_hit = true}, kBorn);
  CHECK(beyond.status() == 416);
  CHECK(beyond.field("content-range") == "bytes */4");
}
