#include "http/hop_by_hop.h"

#include "support/catch.h"

using namespace edge::http;

namespace {

std::string passed_on(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs,
                      std::initializer_list<FieldName> also_dropped = {}) {
  Fields fields;
  for (const auto& [name, value] : pairs) fields.add(name, value);
  std::string lines;
  append_end_to_end_lines(lines, fields, also_dropped);
  return lines;
}

}  // namespace

TEST_CASE("fields of one connection are not passed on", "[http][rfc9110-7.6.1]") {
  CHECK(passed_on({{"Connection", "close"},
                   {"Keep-Alive", "x"},
                   {"Proxy-Connection", "x"},
                   {"TE", "x"},
                   {"Trailer", "x"},
                   {"Transfer-Encoding", "x"},
                   {"Upgrade", "x"},
                   {"HTTP2-Settings", "x"},
                   {"Proxy-Authenticate", "x"},
                   {"Proxy-Authentication-Info", "x"},
                   {"Proxy-Authorization", "x"},
                   {"ETag", "\"A\""},
                   {"X-A", "B"}}) == "etag: \"A\"\r\nx-a: B\r\n");
  CHECK(passed_on({{"Age", "1"}, {"Date", "x"}, {"X", "y"}}, {FieldName::Age, FieldName::Date}) == "x: y\r\n");
}

TEST_CASE("what Connection names is not passed on", "[http][rfc9110-7.6.1]") {
  CHECK(passed_on({{"X-Hop", "1"},
                   {"Connection", "close, x-hop"},
                   {"connection", "X-Hop2"},
                   {"x-hop2", "2"},
                   {"x-hop3", "3"}}) == "x-hop3: 3\r\n");
}

TEST_CASE("Connection cannot take away what is meant for everyone", "[http]") {
  CHECK(passed_on({{"Connection", "authorization, cache-control, x-forwarded-proto, content-md5, x-real-ip"},
                   {"Authorization", "a"},
                   {"Cache-Control", "b"},
                   {"X-Forwarded-Proto", "c"},
                   {"Content-MD5", "d"},
                   {"X-Real-IP", "e"}}) ==
        "authorization: a\r\ncache-control: b\r\nx-forwarded-proto: c\r\ncontent-md5: d\r\nx-real-ip: e\r\n");
}

TEST_CASE("no field can make a line of its own", "[http][rfc9110-5.5]") {
  using namespace std::string_view_literals;
  CHECK(passed_on({{"a", "x\r\nevil: 1\0y"sv}, {"b", " padded\t"}}) == "a: x  evil: 1 y\r\nb: padded\r\n");
  CHECK(passed_on({{"a:b", "x"}, {"", "x"}, {"a\r\nb", "x"}, {"a b", "x"}}).empty());
}
