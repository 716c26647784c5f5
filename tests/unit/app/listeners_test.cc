#include "app/listeners.h"

#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace edge;
using namespace edge::app;

namespace {

constexpr int kFirst = 500;  // Of inherited descriptors: far from those that tests open.

bool is_accepted_at(const std::string& text) {
  const net::Address address = *net::parse_address(text);
  const net::Socket client(socket(address.family(), SOCK_STREAM, 0));
  return connect(client.fd(), address.raw(), address.raw_length()) == 0;
}

// Of what kernel's sockets these are descriptors.
std::set<std::uint64_t> cookies(const std::vector<net::Socket>& sockets) {
  std::set<std::uint64_t> all;
  for (const net::Socket& socket : sockets) {
    std::uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    REQUIRE(getsockopt(socket.fd(), SOL_SOCKET, SO_COOKIE, &cookie, &length) == 0);
    all.insert(cookie);
  }
  return all;
}

}  // namespace

TEST_CASE("as many sockets as are wanted share the port that the kernel has chosen", "[app][listen]") {
  Listeners listeners;
  net::InheritedSockets none;
  const auto sockets = listeners.open_for_clients({"127.0.0.1:0"}, 3, none);
  REQUIRE(sockets);
  CHECK(cookies(*sockets).size() == 3);
  for (const net::Socket& socket : *sockets)
    CHECK(listeners.client_addresses() == std::vector{net::local_address(socket).text()});
  CHECK(cookies(listeners.kept()) == cookies(*sockets));
}

TEST_CASE("an address that another listens on cannot be had", "[app][listen]") {
  Listeners one, two;
  net::InheritedSockets none;
  const auto sockets = one.open_for_clients({"127.0.0.1:0"}, 1, none);
  REQUIRE(sockets);
  CHECK_FALSE(two.open_for_clients({one.client_addresses()[0]}, 1, none));
  CHECK(two.client_addresses().empty());
}

TEST_CASE("inherited sockets are all accepted from, and by as many as want to", "[app][listen]") {
  const auto [had, wanted] = GENERATE(std::pair{1, 3}, std::pair{3, 1});
  std::vector<net::Socket> opened;
  net::Address address = *net::parse_address("127.0.0.1:0");
  for (int i = 0; i < had; ++i) {
    opened.push_back(*net::listen_on(address, true));
    address = net::local_address(opened[0]);
    REQUIRE(dup2(opened.back().fd(), kFirst + i) == kFirst + i);
  }
  auto inherited = net::InheritedSockets::adopt(kFirst, had, "");
  REQUIRE(inherited);
  Listeners listeners;
  const auto sockets = listeners.open_for_clients({address.text()}, static_cast<std::size_t>(wanted), *inherited);
  REQUIRE(sockets);
  CHECK(sockets->size() == 3);
  CHECK(cookies(*sockets) == cookies(opened));
  CHECK(listeners.kept().size() == static_cast<std::size_t>(had));
  CHECK(inherited->left().empty());
}

TEST_CASE("clients queue as long as a socket is kept, though nobody accepts", "[app][listen]") {
  Listeners listeners;
  net::InheritedSockets none;
  auto sockets = listeners.open_for_clients({"127.0.0.1:0"}, 2, none);
  REQUIRE(sockets);
  sockets->clear();
  CHECK(is_accepted_at(listeners.client_addresses()[0]));
  listeners.close();
  CHECK_FALSE(is_accepted_at(listeners.client_addresses()[0]));
}

TEST_CASE("the file of the operators' socket goes with its owner, unless it is left to another", "[app][listen]") {
  const bool is_left = GENERATE(false, true);
  const test::TemporaryFolder folder;
  const std::string file = folder.file("admin");
  {
    Listeners listeners;
    net::InheritedSockets none;
    REQUIRE(listeners.open_for_operators({.address = "unix:" + file, .socket_mode = "0600"}, none));
    CHECK(listeners.operator_address() == "unix:" + file);
    CHECK(listeners.kept().size() == 1);
    CHECK(std::filesystem::status(file).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    if (is_left) listeners.leave_file();
  }
  CHECK(std::filesystem::exists(file) == is_left);
}
