#include "frontend/http2_request.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::frontend;

namespace {

constexpr RequestLimits kLimits{.header_bytes_max = 1000, .header_count_max = 4, .target_bytes_max = 20};

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

void add(Http2Request& request, const Lines& lines) {
  request.clear();
  for (const auto& [name, value] : lines) request.add(name, value, kLimits);
}

std::optional<Refusal> refusal_of(const Lines& lines) {
  Http2Request request;
  add(request, lines);
  return request.complete();
}

Lines get(const Lines& more) {
  Lines lines{{":method", "GET"}, {":scheme", "https"}, {":authority", "edge.test"}, {":path", "/a?b"}};
  lines.insert(lines.end(), more.begin(), more.end());
  return lines;
}

std::string values(const http::Fields& fields, std::string_view name) { return fields.combined(name); }

}  // namespace

TEST_CASE("pseudo-fields make the head that HTTP/1 would have brought", "[frontend][rfc9113 8.3.1]") {
  Http2Request request;
  add(request, get({{"accept", "image/webp"}}));
  REQUIRE_FALSE(request.complete());
  const http::RequestHead& head = request.head();
  CHECK(head.method == http::Method::Get);
  CHECK(head.method_name == "GET");
  CHECK(head.target == "/a?b");
  CHECK(head.version_major == 2);
  CHECK(values(head.fields, "host") == "edge.test");
  CHECK(values(head.fields, "accept") == "image/webp");
  CHECK(head.fields.size() == 2);
}

TEST_CASE(":authority takes the place of Host", "[frontend][rfc9113 8.3.1]") {
  Http2Request request;
  add(request, get({{"host", "Edge.test"}}));
  REQUIRE_FALSE(request.complete());
  CHECK(values(request.head().fields, "host") == "edge.test");
  CHECK(refusal_of(get({{"host", "another.test"}}))->status == 400);
}

TEST_CASE("without :authority Host will do, and without both nothing will", "[frontend][rfc9113 8.3.1]") {
  Http2Request request;
  add(request, {{":method", "GET"}, {":path", "/"}, {"host", "edge.test"}});
  REQUIRE_FALSE(request.complete());
  CHECK(values(request.head().fields, "host") == "edge.test");
  CHECK(refusal_of({{":method", "GET"}, {":path", "/"}})->status == 400);
  CHECK(refusal_of({{":method", "GET"}, {":path", "/"}, {"host", "a"}, {"host", "b"}})->status == 400);
}

TEST_CASE("crumbs of a cookie are put together", "[frontend][rfc9113 8.2.3]") {
  Http2Request request;
  add(request, get({{"cookie", "a=1"}, {"accept", "x"}, {"cookie", "b=2"}, {"cookie", "c=3"}}));
  REQUIRE_FALSE(request.complete());
  CHECK(values(request.head().fields, "cookie") == "a=1; b=2; c=3");
  CHECK(values(request.head().fields, "accept") == "x");
  CHECK(request.head().fields.size() == 3);
}

TEST_CASE("what is too large is refused as in HTTP/1", "[frontend]") {
  const std::string long_path(21, '/'), long_value(1000, 'x');
  CHECK(refusal_of({{":method", "GET"}, {":authority", "a"}, {":path", long_path}})->status == 414);
  CHECK(refusal_of(get({{"a", long_value}}))->status == 431);
  CHECK(refusal_of({{":method", "GET"}, {":path", "/"}, {":authority", long_value}})->limit ==
        metrics::Limit::HeaderBytes);
  CHECK_FALSE(refusal_of(get({{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}})));
  CHECK(refusal_of(get({{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}, {"e", ""}}))->limit == metrics::Limit::HeaderCount);
}

TEST_CASE("what has been refused has a head to tell of, as far as it is known", "[frontend]") {
  const std::string long_value(1000, 'x');
  Http2Request request;
  add(request, get({{"a", long_value}}));
  REQUIRE(request.complete());
  CHECK(request.head().method_name == "GET");
  CHECK(request.head().target == "/a?b");
}

TEST_CASE("CONNECT and unknown expectations are not served", "[frontend]") {
  CHECK(refusal_of({{":method", "CONNECT"}, {":authority", "a:1"}})->status == 501);
  CHECK(refusal_of(get({{"expect", "miracles"}}))->status == 417);
}

TEST_CASE("a request says how long its body is and whether it waits to be asked for it", "[frontend]") {
  Http2Request request;
  add(request, get({{"content-length", "12"}, {"expect", "100-continue"}}));
  REQUIRE_FALSE(request.complete());
  CHECK(request.body_length() == 12);
  CHECK(request.expects_continue());
  add(request, get({}));
  REQUIRE_FALSE(request.complete());
  CHECK_FALSE(request.body_length());
  CHECK_FALSE(request.expects_continue());
}

TEST_CASE("nothing of one request is left in the next", "[frontend]") {
  Http2Request request;
  add(request, get({{"cookie", "a=1"}, {"cookie", "b=2"}, {"x", "y"}}));
  REQUIRE_FALSE(request.complete());
  add(request, {{":method", "HEAD"}, {":authority", "b"}, {":path", "/c"}});
  REQUIRE_FALSE(request.complete());
  CHECK(request.head().method == http::Method::Head);
  CHECK(request.head().target == "/c");
  CHECK(values(request.head().fields, "host") == "b");
  CHECK(request.head().fields.size() == 1);
}
