#include "http/reference.h"

#include <array>

#include "support/catch.h"

using edge::http::try_resolve_here;

namespace {

constexpr std::array<std::string_view, 2> kHere{"cdn.example", "origin.example:9000"};

std::string resolve(std::string_view reference) {
  return try_resolve_here(reference, "/avatars/42/96?v=1", kHere).value_or("elsewhere");
}

}  // namespace

TEST_CASE("a path names itself", "[http][rfc3986-5.2.2]") {
  CHECK(resolve("/avatars/43") == "/avatars/43");
  CHECK(resolve("/avatars/43?v=2") == "/avatars/43?v=2");
}

TEST_CASE("a relative path is seen from the request's folder", "[http][rfc3986-5.2.3]") {
  CHECK(resolve("640") == "/avatars/42/640");
  CHECK(resolve("../43") == "/avatars/42/../43");
}

TEST_CASE("an empty reference names the request's own target, a query alone its path", "[http][rfc3986-5.2.2]") {
  CHECK(resolve("") == "/avatars/42/96?v=1");
  CHECK(resolve("#face") == "/avatars/42/96?v=1");
  CHECK(resolve("?v=2") == "/avatars/42/96?v=2");
}

TEST_CASE("an absolute reference counts where its authority is one of ours", "[http][rfc9111-4.4]") {
  CHECK(resolve("http://cdn.example/avatars/43") == "/avatars/43");
  CHECK(resolve("HTTPS://CDN.example:443/avatars/43#x") == "/avatars/43");
  CHECK(resolve("//origin.example:9000/avatars/43") == "/avatars/43");
  CHECK(resolve("http://cdn.example") == "/");
  CHECK(resolve("http://cdn.example?v=1") == "/?v=1");
  CHECK(resolve("http://cdn.example.evil/avatars/43") == "elsewhere");
  CHECK(resolve("http://cdn.example:8080/avatars/43") == "elsewhere");
  CHECK(resolve("//origin.example/avatars/43") == "elsewhere");
}

TEST_CASE("other schemes name nothing here", "[http]") {
  CHECK(resolve("urn:avatars:43") == "elsewhere");
  CHECK(resolve("http:/avatars/43") == "elsewhere");
  CHECK(resolve("ftp://cdn.example/avatars/43") == "elsewhere");
}

TEST_CASE("a colon behind a slash does not make a scheme", "[http][rfc3986-4.2]") {
  CHECK(resolve("./a:b") == "/avatars/42/./a:b");
  CHECK(resolve("/a:b") == "/a:b");
}
