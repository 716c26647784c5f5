#include "net/socket.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "support/catch.h"

using namespace edge;
using namespace edge::net;

namespace {

struct Pair {
  Pair() {
    std::array<int, 2> fds{};
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0);
    here = Socket(fds[0]);
    there = Socket(fds[1]);
  }
  IoResult write(std::string_view text) {
    const std::array<iovec, 1> piece{{{const_cast<char*>(text.data()), text.size()}}};
    return write_some(here, piece);
  }
  IoResult read() { return read_some(there, bytes); }

  Socket here, there;
  std::array<char, 16> bytes{};
};

Address loopback() { return *parse_address("127.0.0.1:0"); }

}  // namespace

TEST_CASE("a socket says what reading and writing came to", "[net]") {
  Pair pair;
  CHECK(pair.read().state == IoResult::WouldBlock);
  CHECK(pair.write("abc").bytes == 3);
  const IoResult read = pair.read();
  CHECK(read.state == IoResult::Ok);
  CHECK(std::string(pair.bytes.data(), read.bytes) == "abc");
  const std::string much(1 << 20, 'x');
  IoResult written;
  do written = pair.write(much);
  while (written.state == IoResult::Ok);
  CHECK(written.state == IoResult::WouldBlock);
  CHECK(written.bytes == 0);
}

TEST_CASE("pieces are written in order in one call", "[net]") {
  Pair pair;
  std::string a = "ab", b = "cde";
  const std::array<iovec, 2> pieces{{{a.data(), a.size()}, {b.data(), b.size()}}};
  CHECK(write_some(pair.here, pieces).bytes == 5);
  const IoResult read = pair.read();
  CHECK(std::string(pair.bytes.data(), read.bytes) == "abcde");
}

TEST_CASE("a side that ended its writing can still be written to", "[net]") {
  Pair pair;
  shutdown_writes(pair.here);
  CHECK(pair.read().state == IoResult::EndOfFile);
  const std::array<iovec, 1> piece{{{pair.bytes.data(), 1}}};
  CHECK(write_some(pair.there, piece).state == IoResult::Ok);
}

TEST_CASE("writing to who has gone is Broken, and no signal", "[net]") {
  Pair pair;
  pair.there = Socket();
  CHECK(pair.write("x").state == IoResult::Broken);
}

TEST_CASE("a socket is closed with its owner, and moves", "[net]") {
  Pair pair;
  const int fd = pair.here.fd();
  {
    Socket moved = std::move(pair.here);
    CHECK(moved.fd() == fd);
    CHECK_FALSE(pair.here.is_open());
    CHECK(fcntl(fd, F_GETFD) != -1);
  }
  CHECK(fcntl(fd, F_GETFD) == -1);
}

TEST_CASE("assigning to a socket closes the one that it had", "[net]") {
  Pair pair;
  const int fd = pair.here.fd();
  pair.here = Socket();
  CHECK(fcntl(fd, F_GETFD) == -1);
}

TEST_CASE("a listener on port 0 knows its port; a second one needs a shared port", "[net]") {
  const auto alone = listen_on(loopback(), false);
  REQUIRE(alone);
  const Address taken = local_address(*alone);
  CHECK(taken.port() != 0);
  const auto refused = listen_on(taken, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find(taken.text()) != std::string::npos);

  const auto shared = listen_on(loopback(), true);
  REQUIRE(shared);
  CHECK(listen_on(local_address(*shared), true));
}
