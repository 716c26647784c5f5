#include "event/watch.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "support/catch.h"

using namespace edge;
using namespace edge::event;

namespace {

// Two ends of a connected socket.
struct SocketPair {
  std::array<int, 2> fds{-1, -1};
  SocketPair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds.data()) == 0); }
  ~SocketPair() {
    for (const int fd : fds)
      if (fd >= 0) close(fd);
  }
  void send(int end) { REQUIRE(write(fds[static_cast<std::size_t>(end)], "x", 1) == 1); }
  void hang_up(int end) { close(std::exchange(fds[static_cast<std::size_t>(end)], -1)); }
};

}  // namespace

TEST_CASE("a watch tells of readiness each turn, until it is disarmed", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  SocketPair pair;
  int ready = 0;
  Watch* self = nullptr;
  Watch watch(loop, pair.fds[0], Watch::Readable, [&] {
    if (++ready < 3) return;
    self->disarm();
    loop.post([&] { loop.post([&] { loop.stop(); }); });
  });
  self = &watch;
  CHECK_FALSE(watch.is_armed());
  watch.arm();
  watch.arm();
  CHECK(watch.is_armed());
  pair.send(1);
  loop.run();
  CHECK(ready == 3);
  CHECK_FALSE(watch.is_armed());
}

TEST_CASE("a socket with nothing to read is not readable, but writable", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  SocketPair pair;
  bool readable = false, writable = false;
  Watch reads(loop, pair.fds[0], Watch::Readable, [&] { readable = true; });
  Watch writes(loop, pair.fds[0], Watch::Writable, [&] {
    writable = true;
    loop.stop();
  });
  reads.arm();
  writes.arm();
  loop.run();
  CHECK(writable);
  CHECK_FALSE(readable);
}

TEST_CASE("a far end that hung up makes a socket readable", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  SocketPair pair;
  Watch watch(loop, pair.fds[0], Watch::Readable, [&] { loop.stop(); });
  watch.arm();
  pair.hang_up(1);
  loop.run();
  char byte;
  CHECK(read(pair.fds[0], &byte, 1) == 0);
}

TEST_CASE("a watch on both interests tells of either", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  SocketPair pair;
  bool told = false;
  Watch watch(loop, pair.fds[0], Watch::ReadableOrWritable, [&] {
    told = true;
    loop.stop();
  });
  watch.arm();
  loop.run();
  CHECK(told);
}

TEST_CASE("of two watches ready in one turn, the first may free the other", "[event]") {
  SystemClock clock;
  EventLoop loop(clock);
  SocketPair pair;
  int told = 0;
  std::unique_ptr<Watch> a, b;
  a = std::make_unique<Watch>(loop, pair.fds[0], Watch::Readable, [&] { ++told, a->disarm(), b.reset(), loop.stop(); });
  b = std::make_unique<Watch>(loop, pair.fds[1], Watch::Readable, [&] { ++told, b->disarm(), a.reset(), loop.stop(); });
  a->arm();
  b->arm();
  pair.send(0);
  pair.send(1);
  loop.run();
  CHECK(told == 1);
}
