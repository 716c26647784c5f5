#include "base/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "support/catch.h"

using namespace edge;

namespace {

struct Pipe {
  Pipe() { REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    close(ends[0]);
    if (ends[1] >= 0) close(ends[1]);
  }
  // All that comes until nobody can write any more.
  std::string read_all() {
    close(std::exchange(ends[1], -1));
    std::string text;
    std::array<char, 256> piece{};
    for (ssize_t n = 0; (n = read(ends[0], piece.data(), piece.size())) > 0;)
      text.append(piece.data(), static_cast<std::size_t>(n));
    return text;
  }
  std::array<int, 2> ends{};
};

Invocation shell(const std::string& script) { return {"sh", {"-c", script}}; }

int status_of(pid_t child) {
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("a child has the descriptors in their order, from 3 on", "[base][process]") {
  Pipe one, two;
  const auto child = spawn(shell("echo three >&3; echo four >&4"), {}, std::array{one.ends[1], two.ends[1]});
  REQUIRE(child);
  CHECK(status_of(*child) == 0);
  CHECK(one.read_all() == "three\n");
  CHECK(two.read_all() == "four\n");
}

TEST_CASE("descriptors that stand in each other's places do not get mixed up", "[base][process]") {
  Pipe one, two;
  // Behind each other the wrong way round: whoever copies the first to its place must not lose the second.
  const int high = std::max(one.ends[1], two.ends[1]), low = std::min(one.ends[1], two.ends[1]);
  const auto child = spawn(shell("echo three >&3; echo four >&4"), {}, std::array{high, low});
  REQUIRE(child);
  CHECK(status_of(*child) == 0);
  CHECK((high == one.ends[1] ? one : two).read_all() == "three\n");
  CHECK((high == one.ends[1] ? two : one).read_all() == "four\n");
}

TEST_CASE("a child's environment is ours, but for the variables that it is given", "[base][process]") {
  setenv("EDGE_TEST_KEPT", "kept", 1);
  setenv("EDGE_TEST_GIVEN", "ours", 1);
  Pipe out;
  const auto child =
      spawn(shell("echo $EDGE_TEST_KEPT $EDGE_TEST_GIVEN >&3"), {"EDGE_TEST_GIVEN=theirs"}, std::array{out.ends[1]});
  REQUIRE(child);
  CHECK(status_of(*child) == 0);
  CHECK(out.read_all() == "kept theirs\n");
}

TEST_CASE("a program that is not there is told by its name", "[base][process]") {
  const auto child = spawn({"/nowhere/avatar-edge", {}}, {}, {});
  REQUIRE_FALSE(child);
  CHECK(child.error().message.find("/nowhere/avatar-edge cannot be run") == 0);
}

TEST_CASE("a child that is ended is gone", "[base][process]") {
  const auto child = spawn({"sleep", {"1000"}}, {}, {});
  REQUIRE(child);
  end_child(*child);
  CHECK(waitpid(*child, nullptr, WNOHANG) == -1);
  CHECK(errno == ECHILD);
}
