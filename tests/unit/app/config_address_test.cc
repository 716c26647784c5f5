#include "app/config_address.h"

#include "support/catch.h"

using namespace edge::app;

TEST_CASE("an address is IPv4:port or [IPv6]:port", "[app]") {
  const auto ipv4 = parse_socket_address("192.0.2.1:8080");
  REQUIRE(ipv4);
  CHECK_FALSE(ipv4->is_ipv6);
  CHECK(ipv4->ip[0] == 192);
  CHECK(ipv4->ip[3] == 1);
  CHECK(ipv4->port == 8080);

  const auto ipv6 = parse_socket_address("[2001:db8::1]:65535");
  REQUIRE(ipv6);
  CHECK(ipv6->is_ipv6);
  CHECK(ipv6->ip[15] == 1);
  CHECK(ipv6->port == 65535);
}

TEST_CASE("anything else is not an address", "[app]") {
  for (const char* text : {"",
                           ":",
                           "8080",
                           ":8080",
                           "localhost:80",
                           "1.2.3:80",
                           "1.2.3.4",
                           "1.2.3.4:",
                           "1.2.3.4:x",
                           "1.2.3.4:65536",
                           "1.2.3.4:-1",
                           "1.2.3.4:000080",
                           "::1:80",
                           "[::1]",
                           "[::1]80",
                           "[1.2.3.4]:80",
                           "[]:80",
                           "1.2.3.4:80 ",
                           " 1.2.3.4:80",
                           "[::1:80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_socket_address(text));
  }
  CHECK(parse_socket_address("1.2.3.4:65536").error().message ==
        "not a port: '65536' in '1.2.3.4:65536'; write 0 to 65535");
}

TEST_CASE("loopback is 127.0.0.0/8 and ::1", "[app]") {
  CHECK(parse_socket_address("127.0.0.1:1")->is_loopback());
  CHECK(parse_socket_address("127.9.9.9:1")->is_loopback());
  CHECK(parse_socket_address("[::1]:1")->is_loopback());
  CHECK_FALSE(parse_socket_address("0.0.0.0:1")->is_loopback());
  CHECK_FALSE(parse_socket_address("[::]:1")->is_loopback());
  CHECK_FALSE(parse_socket_address("[::2]:1")->is_loopback());
  CHECK_FALSE(parse_socket_address("[7f00::1]:1")->is_loopback());
}

TEST_CASE("an address overlaps itself and any address of its family on its port", "[app]") {
  const auto overlap = [](const char* a, const char* b) {
    return overlaps(*parse_socket_address(a), *parse_socket_address(b));
  };
  CHECK(overlap("1.2.3.4:80", "1.2.3.4:80"));
  CHECK(overlap("0.0.0.0:80", "1.2.3.4:80"));
  CHECK(overlap("1.2.3.4:80", "0.0.0.0:80"));
  CHECK(overlap("[::]:80", "[::1]:80"));
  CHECK_FALSE(overlap("1.2.3.4:80", "1.2.3.4:81"));
  CHECK_FALSE(overlap("1.2.3.4:80", "1.2.3.5:80"));
  CHECK_FALSE(overlap("0.0.0.0:80", "[::]:80"));
  CHECK_FALSE(overlap("1.2.3.4:0", "1.2.3.4:0"));
}
