#include "net/inherited_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/unix_socket.h"
#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace edge::net;

namespace {

// Descriptors in a row, as a process inherits them, but from 500 on: what adopts them owns them.
constexpr int kFirst = 500;

Address listen_at(int fd, bool listens = true) {
  const Socket made =
      listens ? *listen_on(*parse_address("127.0.0.1:0"), false) : Socket(::socket(AF_INET, SOCK_STREAM, 0));
  REQUIRE(dup2(made.fd(), fd) == fd);
  return local_address(made);
}

}  // namespace

TEST_CASE("an inherited socket is given to who names its address, once", "[net][inherited]") {
  const Address one = listen_at(kFirst), two = listen_at(kFirst + 1);
  auto sockets = InheritedSockets::adopt(kFirst, 2, "one:two");
  REQUIRE(sockets);
  CHECK(sockets->left() == std::vector<std::string>{one.text() + " (one)", two.text() + " (two)"});

  const auto taken = sockets->take(two);
  REQUIRE(taken.size() == 1);
  CHECK(local_address(taken[0]).text() == two.text());
  CHECK(sockets->take(two).empty());
  CHECK(sockets->left() == std::vector<std::string>{one.text() + " (one)"});
}

TEST_CASE("an inherited socket does not block, and no child inherits it", "[net][inherited]") {
  const Address address = listen_at(kFirst);
  auto sockets = InheritedSockets::adopt(kFirst, 1, "");
  REQUIRE(sockets);
  const auto taken = sockets->take(address);
  REQUIRE(taken.size() == 1);
  CHECK((fcntl(taken[0].fd(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((fcntl(taken[0].fd(), F_GETFD) & FD_CLOEXEC) != 0);
}

TEST_CASE("inherited sockets that share a port are given away together", "[net][inherited]") {
  const Address one = listen_at(kFirst);
  dup2(kFirst, kFirst + 1);
  auto sockets = InheritedSockets::adopt(kFirst, 2, "");
  REQUIRE(sockets);
  CHECK(sockets->take(one).size() == 2);
  CHECK(sockets->left().empty());
}

TEST_CASE("names are optional", "[net][inherited]") {
  const Address one = listen_at(kFirst), two = listen_at(kFirst + 1);
  CHECK(InheritedSockets::adopt(kFirst, 2, "one")->left() ==
        std::vector<std::string>{one.text() + " (one)", two.text() + " (unnamed)"});
}

TEST_CASE("what does not listen, or is no socket, is told by its number and name", "[net][inherited]") {
  listen_at(kFirst, false);
  const auto idle = InheritedSockets::adopt(kFirst, 1, "idle");
  REQUIRE_FALSE(idle);
  CHECK(idle.error().message.find("descriptor 500 (idle) is not a stream socket that listens") != std::string::npos);
  CHECK_FALSE(InheritedSockets::adopt(kFirst, 1, ""));  // It was closed.
  CHECK_FALSE(InheritedSockets::adopt(kFirst, InheritedSockets::kCountMax + 1, ""));
}

TEST_CASE("an inherited socket may be a UNIX socket", "[net][inherited][unix]") {
  const edge::test::TemporaryFolder folder;
  const Address address = *parse_address("unix:" + folder.file("admin.sock"));
  const auto made = listen_on_unix(address, 0660);
  REQUIRE(dup2(made->socket.fd(), kFirst) == kFirst);
  auto sockets = InheritedSockets::adopt(kFirst, 1, "operators");
  REQUIRE(sockets);
  CHECK(sockets->take(address).size() == 1);
}
