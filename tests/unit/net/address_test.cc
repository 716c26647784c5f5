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

TEST_CASE("a UNIX socket has a path, and neither host nor port", "[net][unix]") {
  const auto address = parse_address("unix:/run/avatar-edge/admin.sock");
  REQUIRE(address);
  CHECK(address->is_unix());
  CHECK(address->unix_path() == "/run/avatar-edge/admin.sock");
  CHECK(address->text() == "unix:/run/avatar-edge/admin.sock");
  CHECK(address->host().empty());
  CHECK(address->port() == 0);
  CHECK_FALSE(address->is_loopback());
  CHECK_FALSE(parse_address("127.0.0.1:1")->is_unix());
  CHECK(parse_address("127.0.0.1:1")->unix_path().empty());
}

TEST_CASE("the path of a UNIX socket is absolute, and fits into what the kernel has for it", "[net][unix]") {
  CHECK(parse_address("unix:/" + std::string(kUnixPathBytesMax - 1, 'x'))->unix_path().size() == kUnixPathBytesMax);
  for (const std::string& text : {std::string("unix:"), std::string("unix:run/x.sock"), std::string("unix:@x"),
                                  std::string("unix:/a\0b", 9), "unix:/" + std::string(kUnixPathBytesMax, 'x')})
    CHECK_FALSE(parse_address(text));
}

TEST_CASE("who has connected to a UNIX socket without a name has no path", "[net][unix]") {
  sockaddr_storage storage{};
  storage.ss_family = AF_UNIX;
  CHECK(Address(storage, sizeof(sa_family_t)).unix_path().empty());
}
