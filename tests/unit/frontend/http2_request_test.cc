#include "frontend/http2_request.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::frontend;

namespace {

constexpr RequestLimits kLimits{.header_bytes_max = 1000, .header_count_max = 4, .target_bytes_max = 20};

using Lines = std::vector<std::pair<std::string_view, std::string_view>>;

bool is_well_formed(Http2Request& request, const Lines& lines) {
  request.clear();
  for (const auto& [name, value] : lines)
    if (!request.add(name, value, kLimits)) return false;
  return request.end_fields();
}

bool is_well_formed(const Lines& lines) {
  Http2Request request;
  return is_well_formed(request, lines);
}

void add(Http2Request& request, const Lines& lines) { REQUIRE(is_well_formed(request, lines)); }

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

// `get` with another value of a pseudo-field, or without it where that is empty.
Lines get_with(std::string_view name, std::string_view value) {
  Lines lines = get({});
  std::erase_if(lines, [&](const auto& line) { return line.first == name; });
  if (!value.empty()) lines.emplace_back(name, value);
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
  const Lines start{{":method", "GET"}, {":scheme", "https"}, {":path", "/"}};
  const auto with = [&](const Lines& more) {
    Lines lines = start;
    lines.insert(lines.end(), more.begin(), more.end());
    return lines;
  };
  add(request, with({{"host", "edge.test"}}));
  REQUIRE_FALSE(request.complete());
  CHECK(values(request.head().fields, "host") == "edge.test");
  CHECK_FALSE(is_well_formed(start));
  CHECK_FALSE(is_well_formed(with({{"host", "a"}, {"host", "b"}})));
  CHECK_FALSE(is_well_formed(with({{"host", ""}})));
  CHECK_FALSE(is_well_formed(with({{"host", "a b"}})));
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
  CHECK(refusal_of(get_with(":path", long_path))->status == 414);
  CHECK(refusal_of(get({{"a", long_value}}))->status == 431);
  CHECK(refusal_of(get_with(":authority", long_value))->limit == metrics::Limit::HeaderBytes);
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
  add(request, {{":method", "HEAD"}, {":scheme", "http"}, {":authority", "b"}, {":path", "/c"}});
  REQUIRE_FALSE(request.complete());
  CHECK(request.head().method == http::Method::Head);
  CHECK(request.head().target == "/c");
  CHECK(values(request.head().fields, "host") == "b");
  CHECK(request.head().fields.size() == 1);
}

TEST_CASE("pseudo-fields come once, before all others, and none is missing or unknown", "[frontend][rfc9113 8.3]") {
  CHECK(is_well_formed(get({})));
  for (const std::string_view name : {":method", ":scheme", ":authority", ":path"}) {
    INFO(name);
    CHECK_FALSE(is_well_formed(get_with(name, "")));
    CHECK_FALSE(is_well_formed(get({{name, "GET"}})));
    Lines late = get_with(name, "");
    late.emplace_back("accept", "*/*");
    late.emplace_back(name, "GET");
    CHECK_FALSE(is_well_formed(late));
    Lines empty = get_with(name, "");
    empty.emplace_back(name, "");
    CHECK_FALSE(is_well_formed(empty));
  }
  for (const std::string_view name : {":status", ":protocol", ":unknown", ":", ":Path"}) {
    Lines lines = get({});
    lines.emplace(lines.begin(), name, "1");
    CHECK_FALSE(is_well_formed(lines));
  }
}

TEST_CASE("pseudo-fields hold what their grammar allows", "[frontend][rfc9113 8.3.1]") {
  const auto is_good = [](std::string_view name, std::string_view value) {
    return is_well_formed(get_with(name, value));
  };
  CHECK(is_good(":method", "M-SEARCH"));
  CHECK_FALSE(is_good(":method", "GE T"));
  CHECK(is_good(":scheme", "HTTP"));
  CHECK(is_good(":scheme", "a+b-c.1"));
  CHECK_FALSE(is_good(":scheme", "1a"));
  CHECK_FALSE(is_good(":scheme", "http:"));
  CHECK(is_good(":authority", "user@[2001:db8::1]:443"));
  CHECK_FALSE(is_good(":authority", "edge.test/"));
  CHECK_FALSE(is_good(":authority", "edge test"));
  CHECK_FALSE(is_good(":authority", "b\xfc.test"));
  CHECK(is_good(":path", "/b\xc3\xbc"));
  for (const std::string_view path : {"/a b", "/a\tb", "/a\x7f", "/a\r\n", "a", "*", "http://edge.test/"})
    CHECK_FALSE(is_good(":path", path));
  CHECK_FALSE(is_good(":path", std::string_view("/\0", 2)));
}

TEST_CASE("the asterisk is for OPTIONS, and other schemes have other paths", "[frontend][rfc9113 8.3.1]") {
  Lines options = get_with(":path", "*");
  options.front().second = "OPTIONS";
  CHECK(is_well_formed(options));
  Lines other = get_with(":path", "anything");
  CHECK_FALSE(is_well_formed(other));
  other[1].second = "urn";
  CHECK(is_well_formed(other));
}

TEST_CASE("CONNECT names an authority and nothing else", "[frontend][rfc9113 8.5]") {
  CHECK(is_well_formed({{":method", "CONNECT"}, {":authority", "a:1"}}));
  CHECK_FALSE(is_well_formed({{":method", "CONNECT"}, {"host", "a:1"}}));
  CHECK_FALSE(is_well_formed({{":method", "CONNECT"}, {":authority", "a:1"}, {":path", "/"}}));
  CHECK_FALSE(is_well_formed({{":method", "CONNECT"}, {":authority", "a:1"}, {":scheme", "https"}}));
}

TEST_CASE("names are tokens in lower case", "[frontend][rfc9113 8.2.1]") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    INFO(byte);
    const bool is_name = std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos ||
                         (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    for (std::size_t size = 1; size < 30; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string name(size, at % 2 == 0 ? 'z' : '-');
        name[at] = c;
        if (Http2Request().add_trailer(name, "1") != is_name) FAIL_CHECK("of " << size << " bytes at " << at);
        // What begins with a colon is something else.
        if (c != ':' && is_well_formed(get({{name, "1"}})) != is_name) FAIL_CHECK("of " << size << " bytes at " << at);
      }
    }
  }
  CHECK_FALSE(is_well_formed(get({{"", "1"}})));
  CHECK_FALSE(is_well_formed(get({{"Accept", "1"}})));
}

TEST_CASE("values have no control characters but tabs, wherever they stand, and no space around them",
          "[frontend][rfc9113 8.2.1]") {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool is_good = (byte >= 0x20 && byte != 0x7f) || c == '\t';
    INFO(byte);
    for (std::size_t size = 1; size < 30; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        std::string value(size, static_cast<char>(0xff - 7 * (at % 2)));
        value[at] = c;
        const bool is_at_an_end = at == 0 || at + 1 == size;
        const bool expected = is_good && !(is_at_an_end && (c == ' ' || c == '\t'));
        if (is_well_formed(get({{"x", value}})) != expected) FAIL_CHECK("of " << size << " bytes at " << at);
      }
    }
  }
  CHECK(is_well_formed(get({{"x", ""}})));
}

TEST_CASE("nothing is said about the connection", "[frontend][rfc9113 8.2.2]") {
  for (const std::string_view name :
       {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"}) {
    INFO(name);
    CHECK_FALSE(is_well_formed(get({{name, "close"}})));
    CHECK_FALSE(Http2Request().add_trailer(name, "close"));
  }
  CHECK(is_well_formed(get({{"te", "Trailers"}})));
}

TEST_CASE("a length is declared once, and is a number", "[frontend][rfc9113 8.1.1]") {
  CHECK_FALSE(is_well_formed(get({{"content-length", "1"}, {"content-length", "1"}})));
  for (const std::string_view value : {"", "x", "-1", "+1", "1 ", "1, 1", "99999999999999999999"})
    CHECK_FALSE(is_well_formed(get({{"content-length", value}})));
}

TEST_CASE("what is too large is well-formed or not like anything else", "[frontend]") {
  const std::string long_value(1000, 'x');
  CHECK(is_well_formed(get({{"a", long_value}, {"b", "1"}})));
  CHECK_FALSE(is_well_formed(get({{"a", long_value}, {"B", "1"}})));
  CHECK_FALSE(is_well_formed(get({{"a", long_value}, {"content-length", "1"}, {"content-length", "1"}})));
}

TEST_CASE("trailers say nothing that belongs into the head", "[frontend][rfc9110 6.5.1]") {
  const Http2Request request;
  CHECK(request.add_trailer("x-sum", "1"));
  for (const std::string_view name : {":path", ":status", "host", "content-length"})
    CHECK_FALSE(request.add_trailer(name, "1"));
  CHECK_FALSE(request.add_trailer("x-sum", "a\nb"));
}

TEST_CASE("a client may ask for a priority, in one field or several", "[frontend][rfc9218 5]") {
  const auto priority_of = [](const Lines& more) {
    Http2Request request;
    add(request, get(more));
    const auto priority = request.priority();
    return priority ? std::to_string(priority->urgency) + (priority->is_incremental ? "i" : "") : "none";
  };
  CHECK(priority_of({}) == "none");
  CHECK(priority_of({{"priority", ""}}) == "3");
  CHECK(priority_of({{"priority", "u=1, i"}}) == "1i");
  CHECK(priority_of({{"priority", "i=?0, u=7;a=b, x=(1 2)"}}) == "7");
  CHECK(priority_of({{"priority", "u=1"}, {"priority", "i"}}) == "1i");
  for (const std::string_view malformed : {"\"", "u=1,"}) {
    CHECK(priority_of({{"priority", malformed}}) == "none");
    CHECK(priority_of({{"priority", malformed}, {"priority", "u=1"}}) == "none");
  }
  for (const std::string_view unknown : {"u=8", "u=-1", "u=high", "i=7", "x"}) {
    CHECK(priority_of({{"priority", unknown}}) == "3");
    CHECK(priority_of({{"priority", unknown}, {"priority", "u=1, i"}}) == "1i");
  }
  CHECK(priority_of({{"priority", "u=8, i"}}) == "3i");
  const std::string much = "u=1, x=" + std::string(300, 'a');
  CHECK(priority_of({{"priority", much}}) == "none");
  CHECK(priority_of(Lines(100, {"priority", "u=1"})) == "none");
}
