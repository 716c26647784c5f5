#include "origin/origin_url.h"

#include "origin/origin.h"
#include "support/catch.h"

using namespace edge;
using namespace edge::origin;

TEST_CASE("an origin URL is a scheme, a host, perhaps a port and a prefix", "[origin]") {
  const auto plain = parse_origin_url("http://origin.example");
  REQUIRE(plain);
  CHECK(plain->base == "http://origin.example:80/");
  CHECK(plain->authority == "origin.example:80");
  CHECK(plain->prefix.empty());

  const auto full = parse_origin_url("HTTPS://[::1]:8443/a/b//");
  REQUIRE(full);
  CHECK(full->base == "https://[::1]:8443/");
  CHECK(full->authority == "[::1]:8443");
  CHECK(full->prefix == "/a/b");

  CHECK(parse_origin_url("https://[::1]")->authority == "[::1]:443");
  CHECK(check_origin_url("http://127.0.0.1:9000/"));
}

TEST_CASE("an origin URL that says anything else is refused, and why", "[origin]") {
  const auto [url, reason] = GENERATE(table<std::string, std::string>({
      {"", "scheme"},
      {"origin.example", "scheme"},
      {"ftp://origin.example", "scheme"},
      {"http://", "host"},
      {"http://:80", "host"},
      {"http:///path", "host"},
      {"http://[::1", "host"},
      {"http://[]", "host"},
      {"http://a/b:c", ""},
      {"http://a:0", "port"},
      {"http://a:65536", "port"},
      {"http://a:", "port"},
      {"http://a:8o", "port"},
      {"http://user@a", "user"},
      {"http://user:pass@a", "user"},
      {"http://a/?q", "query"},
      {"http://a/#f", "fragment"},
      {"http://a b", "printable"},
      {"http://a\r\n", "printable"},
  }));
  INFO(url);
  const auto status = check_origin_url(url);
  CHECK(status.has_value() == reason.empty());
  if (!status) CHECK(status.error().message.find(reason) != std::string::npos);
}
