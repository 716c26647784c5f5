#include "net/notify_socket.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "support/catch.h"

using namespace edge::net;

TEST_CASE("the place of a service manager is an absolute path or an abstract name", "[net][notify]") {
  CHECK(NotifySocket::open("/run/systemd/notify"));
  CHECK(NotifySocket::open("@name"));
  for (const std::string place : {"", "@", "/", "notify", "vsock:2:1"}) {
    CAPTURE(place);
    CHECK_FALSE(NotifySocket::open(place));
  }
  CHECK(NotifySocket::open("/" + std::string(106, 'x')));
  CHECK_FALSE(NotifySocket::open("/" + std::string(107, 'x')));
}

TEST_CASE("a manager that is not there cannot be told", "[net][notify]") {
  const auto socket = NotifySocket::open("@nobody-" + std::to_string(getpid()));
  REQUIRE(socket);
  const auto told = socket->send("READY=1");
  REQUIRE_FALSE(told);
  CHECK(told.error().message.find("@nobody-") != std::string::npos);
}

TEST_CASE("a manager hears each datagram whole", "[net][notify]") {
  const std::string name = "manager-" + std::to_string(getpid());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const Socket manager(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(manager.fd(), reinterpret_cast<const sockaddr*>(&address),
                 static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size())) == 0);

  const auto socket = NotifySocket::open("@" + name);
  REQUIRE(socket);
  CHECK(socket->send("READY=1\nSTATUS=serves"));
  std::string heard(100, '\0');
  const auto read = read_some(manager, heard);
  CHECK(heard.substr(0, read.bytes) == "READY=1\nSTATUS=serves");
}
