#include "http/target.h"

#include "support/catch.h"

using edge::ErrorCode;
using edge::http::parse_target;

namespace {

std::string path_of(std::string_view raw) {
  std::string scratch;
  const auto target = parse_target(raw, scratch);
  return target ? std::string{target->path} : "malformed: " + target.error().message;
}

std::string wire_of(std::string_view raw) {
  std::string scratch;
  const auto target = parse_target(raw, scratch);
  return target ? std::string{target->path_and_query} : "malformed: " + target.error().message;
}

bool is_malformed(std::string_view raw) {
  std::string scratch;
  const auto target = parse_target(raw, scratch);
  return !target && target.error().code == ErrorCode::Malformed && !target.error().message.empty();
}

}  // namespace

TEST_CASE("a normal target is given as views into what came", "[http][rfc9112-3.2.1]") {
  const std::string raw = "/avatars/42/64.png?v=7&x=%2f";
  std::string scratch = "untouched";
  const auto target = parse_target(raw, scratch);
  REQUIRE(target);
  CHECK(target->path == "/avatars/42/64.png");
  CHECK(target->query == "v=7&x=%2f");
  CHECK(target->path_and_query.data() == raw.data());
  CHECK(target->path_and_query.size() == raw.size());
  CHECK(scratch == "untouched");
  CHECK_FALSE(target->is_asterisk);
}

TEST_CASE("all spellings of a path are one", "[http][rfc3986-6.2.2]") {
  for (const auto* raw :
       {"/avatars/42/a~b", "/%61vatars/42/a%7eb", "/avatars/42/a%7Eb", "//avatars//42/a~b", "/./avatars/./42/a~b",
        "/avatars/x/../42/a~b", "/avatars/x/%2e%2E/42/a~b", "/x/y/../../avatars/42/a~b", "/avatars/%342/a~b",
        "http://example.com/avatars/42/a~b", "HTTPS://user:80/avatars/42/a~b", "/avatars/x//../42/a~b"})
    CHECK(path_of(raw) == "/avatars/42/a~b");
  CHECK(path_of("/a%c3%a9") == "/a%C3%A9");
  CHECK(path_of("/a%2b") == "/a%2B");  // Reserved: not the same as '+' (section 2.2).
  CHECK(path_of("/a+b;c=d,e@f:g!$&'()*") == "/a+b;c=d,e@f:g!$&'()*");
  CHECK(path_of("/a|[x]{\"<>^`}") == path_of("/a%7c%5bx%5d%7b%22%3c%3e%5e%60%7d"));
}

TEST_CASE("dot segments are removed as RFC 3986 does", "[http][rfc3986-5.2.4]") {
  CHECK(path_of("/a/b/c/./../../g") == "/a/g");
  CHECK(path_of("/.") == "/");
  CHECK(path_of("/a/..") == "/");
  CHECK(path_of("/a/.") == "/a/");
  CHECK(path_of("/a/b/..") == "/a/");
  CHECK(path_of("/a/b/../") == "/a/");
  CHECK(path_of("/a/..b/.c/...") == "/a/..b/.c/...");
  CHECK(path_of("/") == "/");
  CHECK(path_of("//") == "/");
  CHECK(path_of("/a//") == "/a/");
}

TEST_CASE("a path that climbs above its root is malformed", "[http][rfc3986-5.2.4]") {
  for (const auto* raw : {"/..", "/../a", "/a/../..", "/%2e%2e/a", "/./..", "//..", "http://h/.."})
    CHECK(is_malformed(raw));
}

TEST_CASE("what origins read in different ways is refused in a path", "[http]") {
  for (const auto* raw : {"/a%2Fb", "/a%2fb", "/a%5Cb", "/a\\b", "/a%00", "/a%0A", "/a%1f", "/a%7F", "/a%", "/a%4",
                          "/a%zz", "/a%4g", "/a b", "/a\tb", "/a\x7f", "/a\xc3\xa9", "/a#b", "/#", "/a%2e/%2f"})
    CHECK(is_malformed(raw));
  CHECK(is_malformed(std::string_view{"/a\0b", 4}));
}

TEST_CASE("a query is kept byte for byte", "[http]") {
  CHECK(wire_of("/a//b?x=//%2e%2F/../\\|\xc3") == "/a/b?x=//%2e%2F/../\\|\xc3");
  CHECK(wire_of("/a?") == "/a?");
  CHECK(wire_of("/%61?") == "/a?");
  CHECK(wire_of("/a?b?c") == "/a?b?c");
  for (const auto* raw : {"/a?b#c", "/a?b c", "/a?b\r\n", "/%61?b#c", "/%61?b\x01", "/a?\x7f"})
    CHECK(is_malformed(raw));
}

TEST_CASE("scheme and authority of an absolute-form are cut off", "[http][rfc9112-3.2.2]") {
  CHECK(wire_of("http://example.com:8080/a?b") == "/a?b");
  CHECK(wire_of("http://[::1]/a") == "/a");
  CHECK(wire_of("hTTp://example.com") == "/");
  CHECK(wire_of("http://example.com?b") == "/?b");
  CHECK(wire_of("http://example.com?") == "/?");
  for (const auto* raw : {"", "a", "ftp://h/a", "http://", "http:///a", "http://:80/a", "http://u@h/a", "http://h h/a",
                          "http://h#x", "http://h?x#y", "example.com:443", "http:/a", "**", "?a"})
    CHECK(is_malformed(raw));
}

TEST_CASE("the asterisk-form is told apart", "[http][rfc9112-3.2.4]") {
  std::string scratch;
  const auto target = parse_target("*", scratch);
  REQUIRE(target);
  CHECK(target->is_asterisk);
  CHECK(target->path == "*");
}

TEST_CASE("what is normal stays as it is", "[http][rfc3986-6.2.2]") {
  // Every target of up to five pieces.
  const std::vector<std::string> pieces{"/", ".", "a", "%2e", "%41", "%7c", "|", "?", "%25"};
  std::vector<std::string> targets{"/"};
  for (int length = 1; length <= 5; ++length) {
    std::vector<std::string> longer;
    for (const auto& target : targets)
      for (const auto& piece : pieces) longer.push_back(target + piece);
    for (const auto& raw : longer) {
      std::string scratch;
      const auto once = parse_target(raw, scratch);
      if (!once) continue;
      std::string untouched;
      const auto again = parse_target(once->path_and_query, untouched);
      if (!again || again->path_and_query != once->path_and_query || again->path != once->path ||
          again->query != once->query || once->path.find("//") != std::string_view::npos)
        FAIL(raw << " gives " << once->path_and_query);
    }
    targets = std::move(longer);
  }
  SUCCEED();
}
