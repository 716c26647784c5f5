#include "net/address.h"

#include "support/catch.h"

using namespace edge::net;

TEST_CASE("an address is read and written alike", "[net]") {
  for (const char* text :
       {"127.0.0.1:8080", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:1", "[2001:db8::7]:443"}) {
    const auto address = parse_address(text);
    REQUIRE(address);
    CHECK(address->text() == text);
  }
}

TEST_CASE("an address has a host and a port", "[net]") {
  const auto v4 = parse_address("192.0.2.1:8443"), v6 = parse_address("[2001:DB8:0::7]:443");
  CHECK(v4->host() == "192.0.2.1");
  CHECK(v4->port() == 8443);
  CHECK(v4->family() == AF_INET);
  CHECK(v6->host() == "2001:db8::7");
  CHECK(v6->port() == 443);
  CHECK(v6->family() == AF_INET6);
}

TEST_CASE("an IPv4 address mapped into IPv6 is shown as IPv4", "[net]") {
  CHECK(parse_address("[::ffff:192.0.2.1]:80")->text() == "192.0.2.1:80");
}

TEST_CASE("loopback is 127.0.0.0/8, ::1, and the former mapped into IPv6", "[net]") {
  for (const char* text : {"127.0.0.1:1", "127.255.0.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"})
    CHECK(parse_address(text)->is_loopback());
  for (const char* text : {"128.0.0.1:1", "0.0.0.0:1", "[::]:1", "[::2]:1", "[::ffff:10.0.0.1]:1"})
    CHECK_FALSE(parse_address(text)->is_loopback());
  CHECK_FALSE(Address().is_loopback());
}

TEST_CASE("what is no address is refused, with an example of one", "[net]") {
  for (const char* text : {"", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 80",
                           "127.0.0.1:80x", "127.0.0.256:80", "127.1:80", "localhost:80", "::1:80", "[::1]", "[::1:80",
                           "[]:80", "[127.0.0.1]:80", "[fe80::1%eth0]:80", " 127.0.0.1:80"}) {
    const auto address = parse_address(text);
    INFO(text);
    REQUIRE_FALSE(address);
    CHECK(address.error().message.find("127.0.0.1:8080") != std::string::npos);
  }
}
