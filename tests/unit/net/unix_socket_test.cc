#include "net/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "support/catch.h"
#include "support/temporary_folder.h"

using namespace edge;
using namespace edge::net;
using edge::test::TemporaryFolder;

namespace {

struct Place {
  TemporaryFolder folder;
  std::string path = folder.file("admin.sock");
  Address address = *parse_address("unix:" + path);

  bool is_there() const { return std::filesystem::is_socket(path); }
};

// What a process leaves that was killed: the file, and nobody who listens.
void leave_behind(const Address& address) {
  const Socket socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  REQUIRE(bind(socket.fd(), address.raw(), address.raw_length()) == 0);
}

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("a UNIX socket listens at its path, with the permissions that were asked for, and goes with its owner",
          "[net][unix]") {
  const Place place;
  // Whatever the process takes from files that it makes.
  const mode_t before = umask(077);
  for (const mode_t mode : {mode_t{0600}, mode_t{0660}, mode_t{0666}}) {
    const auto listener = listen_on_unix(place.address, mode);
    REQUIRE(listener);
    CHECK(mode_of(place.path) == mode);
    CHECK(local_address(listener->socket).text() == "unix:" + place.path);
    const Socket client(::socket(AF_UNIX, SOCK_STREAM, 0));
    CHECK(connect(client.fd(), place.address.raw(), place.address.raw_length()) == 0);
  }
  umask(before);
  CHECK_FALSE(place.is_there());
}

TEST_CASE("the file of a process that died is replaced", "[net][unix]") {
  const Place place;
  leave_behind(place.address);
  REQUIRE(place.is_there());
  CHECK(listen_on_unix(place.address, 0660));
}

TEST_CASE("where somebody listens nobody else does, and his file stays", "[net][unix]") {
  const Place place;
  const auto first = listen_on_unix(place.address, 0660);
  const auto second = listen_on_unix(place.address, 0660);
  REQUIRE_FALSE(second);
  CHECK(second.error().message == "cannot listen on unix:" + place.path + ": somebody listens there already");
  CHECK(place.is_there());
}

TEST_CASE("a file that is no socket is left alone", "[net][unix]") {
  const Place place;
  std::ofstream(place.path) << "mine";
  const auto listener = listen_on_unix(place.address, 0660);
  REQUIRE_FALSE(listener);
  CHECK(listener.error().message.ends_with("a file is there that is no socket"));
  CHECK(std::filesystem::file_size(place.path) == 4);
}

TEST_CASE("a folder that is not there is told", "[net][unix]") {
  const auto listener = listen_on_unix(*parse_address("unix:/no/such/folder/admin.sock"), 0660);
  REQUIRE_FALSE(listener);
  CHECK(listener.error().message.ends_with("No such file or directory"));
}

TEST_CASE("who goes leaves the file of who has come after", "[net][unix]") {
  const Place place;
  {
    const auto first = listen_on_unix(place.address, 0660);
    REQUIRE(first);
    std::filesystem::rename(place.path, place.path + ".old");  // Else the number might be used again.
    leave_behind(place.address);
  }
  CHECK(place.is_there());
}

TEST_CASE("a UNIX socket says which user has connected; others say nothing", "[net][unix]") {
  std::array<int, 2> fds{};
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, fds.data()) == 0);
  const Socket here(fds[0]), there(fds[1]);
  CHECK(peer_uid(here) == geteuid());

  const auto listener = listen_on(*parse_address("127.0.0.1:0"), false);
  const Socket client(::socket(AF_INET, SOCK_STREAM, 0));
  const Address address = local_address(*listener);
  REQUIRE(connect(client.fd(), address.raw(), address.raw_length()) == 0);
  CHECK_FALSE(peer_uid(client));
}
