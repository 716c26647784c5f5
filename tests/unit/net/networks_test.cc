#include "net/networks.h"

#include "support/catch.h"

using namespace edge::net;

namespace {

Networks networks(std::initializer_list<const char*> texts) {
  std::vector<Network> all;
  for (const char* text : texts) {
    const auto network = parse_network(text);
    REQUIRE(network);
    all.push_back(*network);
  }
  return Networks(all);
}

Ip ip(std::string_view text) {
  const auto address = try_ip(text);
  REQUIRE(address);
  return *address;
}

}  // namespace

TEST_CASE("an address has one value, however it is written", "[net]") {
  CHECK(ip("::ffff:192.0.2.1") == ip("192.0.2.1"));
  CHECK(ip("192.0.2.1").text() == "192.0.2.1");
  CHECK(ip("2001:DB8:0:0::1").text() == "2001:db8::1");
  CHECK(Ip(*parse_address("192.0.2.1:80")) == ip("192.0.2.1"));
  CHECK(Ip(*parse_address("[2001:db8::1]:80")) == ip("2001:db8::1"));
  for (const char* wrong : {"", "192.0.2", "192.0.2.1:80", "[::1]", "::1%lo", "localhost", "1.2.3.4 "})
    CHECK_FALSE(try_ip(wrong));
}

TEST_CASE("loopback is 127.0.0.0/8 and ::1", "[net]") {
  CHECK(ip("127.9.0.1").is_loopback());
  CHECK(ip("::1").is_loopback());
  CHECK_FALSE(ip("128.0.0.1").is_loopback());
  CHECK_FALSE(ip("::").is_loopback());
}

TEST_CASE("a client is an IPv4 address, or 64 bits of an IPv6 address", "[net]") {
  CHECK(ip("192.0.2.1").client_key() != ip("192.0.2.2").client_key());
  CHECK(ip("2001:db8::1").client_key() == ip("2001:db8::ffff:1").client_key());
  CHECK(ip("2001:db8::1").client_key() != ip("2001:db8:0:1::1").client_key());
}

TEST_CASE("an address is in the network with the longest prefix that it shares", "[net]") {
  const Networks some = networks({"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "2001:db8::/32", "0.0.0.0/0"});
  CHECK(some.longest_match(ip("10.1.2.3")) == 128);
  CHECK(some.longest_match(ip("10.1.2.4")) == 112);
  CHECK(some.longest_match(ip("10.2.0.0")) == 104);
  CHECK(some.longest_match(ip("11.0.0.0")) == 96);
  CHECK(some.longest_match(ip("2001:db8:ffff::1")) == 32);
  CHECK_FALSE(some.longest_match(ip("2001:db9::1")));
}

TEST_CASE("all of IPv6 is not all of IPv4", "[net]") {
  CHECK(networks({"0.0.0.0/0"}).contains(ip("8.8.8.8")));
  CHECK_FALSE(networks({"0.0.0.0/0"}).contains(ip("2001:db8::1")));
  CHECK(networks({"2000::/3"}).contains(ip("2001:db8::1")));
  CHECK_FALSE(networks({"2000::/3"}).contains(ip("8.8.8.8")));
  CHECK_FALSE(Networks().contains(ip("8.8.8.8")));
}

TEST_CASE("what is no network is refused, and bits beyond the prefix are shown", "[net]") {
  for (const char* wrong : {"", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "ten/8", "10.0.0.0/-1"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_network(wrong));
  }
  CHECK(parse_network("10.1.0.0/8").error().message.find("write 10.0.0.0/8") != std::string::npos);
  CHECK(parse_network("2001:db8::1/32").error().message.find("write 2001:db8::/32") != std::string::npos);
}
