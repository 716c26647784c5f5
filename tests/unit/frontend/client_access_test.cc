#include "frontend/client_access.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::frontend;

namespace {

std::string client(std::string_view lines, ClientField field = ClientField::XForwardedFor) {
  const auto access = make_client_access(
      {.allow = {}, .deny = {}, .trusted_proxies = {"10.0.0.0/8", "2001:db8:1::/48"}, .client_field = field});
  REQUIRE(access);
  const auto named = access->forwarded_client(http::parse_lines(lines));
  return named ? named->text() : "-";
}

}  // namespace

TEST_CASE("the client is the first from the right who is no trusted proxy", "[frontend][access]") {
  CHECK(client("x-forwarded-for: 192.0.2.1\r\n") == "192.0.2.1");
  CHECK(client("x-forwarded-for: 203.0.113.9, 192.0.2.1\r\n") == "192.0.2.1");
  CHECK(client("x-forwarded-for: 203.0.113.9, 192.0.2.1, 10.0.0.1\r\n") == "192.0.2.1");
  CHECK(client("x-forwarded-for: 203.0.113.9\r\nx-forwarded-for: 192.0.2.1,10.1.1.1 , 10.0.0.1\r\n") == "192.0.2.1");
  CHECK(client("x-forwarded-for: 2001:db8:2::1, 2001:db8:1::1\r\n") == "2001:db8:2::1");
}

TEST_CASE("where all are trusted proxies the farthest is the client", "[frontend][access]") {
  CHECK(client("x-forwarded-for: 10.0.0.1, 10.0.0.2\r\n") == "10.0.0.1");
}

TEST_CASE("what is no address ends the walk, and is nobody", "[frontend][access]") {
  CHECK(client("x-forwarded-for: 192.0.2.1, unknown, 10.0.0.1\r\n") == "10.0.0.1");
  CHECK(client("x-forwarded-for: 192.0.2.1, unknown\r\n") == "-");
  CHECK(client("x-forwarded-for: \r\n") == "-");
  CHECK(client("") == "-");
}

TEST_CASE("ports are left out", "[frontend][access]") {
  CHECK(client("x-forwarded-for: 192.0.2.1:4711\r\n") == "192.0.2.1");
  CHECK(client("x-forwarded-for: [2001:db8:2::1]:4711\r\n") == "2001:db8:2::1");
}

TEST_CASE("Forwarded counts where the operator says so, and then X-Forwarded-For does not", "[frontend][rfc7239 4]") {
  const auto named = [](std::string_view lines) { return client(lines, ClientField::Forwarded); };
  CHECK(named("forwarded: for=192.0.2.43\r\n") == "192.0.2.43");
  CHECK(named("forwarded: for=203.0.113.9, For=\"[2001:db8:cafe::17]:4711\";proto=https\r\n") == "2001:db8:cafe::17");
  CHECK(named("forwarded: proto=http;for=\"192.0.2.60:80\";by=203.0.113.43, for=10.0.0.1\r\n") == "192.0.2.60");
  CHECK(named("forwarded: for=192.0.2.1, for=unknown, for=10.0.0.1\r\n") == "10.0.0.1");
  CHECK(named("forwarded: for=192.0.2.1, by=10.0.0.1;\r\n") == "-");
  CHECK(named("x-forwarded-for: 192.0.2.1\r\n") == "-");
  CHECK(client("forwarded: for=192.0.2.43\r\n") == "-");
}

TEST_CASE("whatever stands left of what a trusted proxy added changes nothing", "[frontend][access]") {
  for (const char* said : {"\"", "\"x", "x\"", "a, \"b", "\\\"", ",,", "1.2.3.4, \"", "unknown"}) {
    CAPTURE(said);
    CHECK(client("x-forwarded-for: " + std::string(said) + ", 203.0.113.9\r\n") == "203.0.113.9");
    CHECK(client("forwarded: for=1.2.3.4;x=" + std::string(said) + ", for=203.0.113.9\r\n", ClientField::Forwarded) ==
          "203.0.113.9");
  }
  CHECK(client("forwarded: host=\"x;for=9.9.9.9;y\";for=203.0.113.9\r\n", ClientField::Forwarded) == "203.0.113.9");
  CHECK(client("forwarded: host=\"x, for=9.9.9.9\";for=203.0.113.9\r\n", ClientField::Forwarded) == "203.0.113.9");
}
