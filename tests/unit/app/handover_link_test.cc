#include "app/handover_link.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

#include "event/timer.h"
#include "support/catch.h"

using namespace edge;
using namespace edge::app;

namespace {

constexpr std::chrono::duration<int, std::milli> kLong{60'000};

// One end is the link, the other is written and read by hand, on one loop.
struct LinkedLoop {
  LinkedLoop() : ends(*net::socket_pair()), other(std::move(ends.second)) {
    link.emplace(loop, std::move(ends.first),
                 HandoverLink::Callbacks{[this](const HandoverFrame& frame) {
                                           std::string words;
                                           for (const std::string_view word : frame.words)
                                             words.append(word).append("|");
                                           frames.push_back(words + std::string(frame.bytes));
                                           if (frame.words[0] == "last") loop.stop();
                                         },
                                         [this] {
                                           is_closed = true;
                                           loop.stop();
                                         },
                                         [this] {
                                           ++sent;
                                           if (!then.empty()) link->send(std::exchange(then, {}));
                                           loop.stop();
                                         }});
  }
  void give(std::string_view bytes) {
    const std::array<iovec, 1> piece{{{const_cast<char*>(bytes.data()), bytes.size()}}};
    REQUIRE(net::write_some(other, piece).bytes == bytes.size());
  }

  // What comes at the other end, until it is so much; less where no more comes for long. On any thread.
  std::string take(std::size_t bytes) const {
    std::string taken;
    std::array<char, 1 << 16> room;
    for (pollfd readable{other.fd(), POLLIN, 0}; taken.size() < bytes && poll(&readable, 1, kLong.count()) == 1;)
      taken.append(room.data(), net::read_some(other, room).bytes);
    return taken;
  }

  SystemClock clock;
  event::EventLoop loop{clock};
  std::pair<net::Socket, net::Socket> ends;
  net::Socket other;
  std::optional<HandoverLink> link;
  std::vector<std::string> frames;
  bool is_closed = false;
  int sent = 0;
  std::string then;  // To be sent when all has gone.
};

std::string frame(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i < 4; ++i) bytes += static_cast<char>(text.size() >> (8 * i) & 0xff);
  return bytes + text;
}

}  // namespace

TEST_CASE("a frame is a line of words and bytes of any kind", "[app][handover]") {
  LinkedLoop at;
  at.give(frame("held 1-0 2\nab\n\0c") + frame("last\n"));
  at.loop.run();
  CHECK(at.frames == std::vector<std::string>{"held|1-0|2|ab\n", "last|"});
}

TEST_CASE("a frame may come in pieces", "[app][handover]") {
  LinkedLoop at;
  const std::string whole = frame("last word\nbytes");
  event::Timer later(at.loop, [&] { at.give(whole.substr(6)); });
  at.give(whole.substr(0, 6));
  later.arm(std::chrono::milliseconds{1});
  at.loop.run();
  CHECK(at.frames == std::vector<std::string>{"last|word|bytes"});
}

TEST_CASE("what is sent comes as a frame, and it is told when all of it has gone", "[app][handover]") {
  LinkedLoop at;
  at.link->send("want 1-0", "identity");
  CHECK(at.link->unsent() == 4 + 17);
  at.loop.run();
  CHECK(at.sent == 1);
  CHECK(at.link->unsent() == 0);
  std::array<char, 64> read{};
  const auto result = net::read_some(at.other, read);
  CHECK(std::string_view(read.data(), result.bytes) == frame("want 1-0\nidentity"));
}

TEST_CASE("more than a socket holds is sent as it is taken", "[app][handover]") {
  LinkedLoop at;
  const std::string much(4 << 20, 'x');
  at.link->send("held", much);
  std::size_t taken = 0;
  std::vector<char> room(1 << 20);
  event::Watch reader(at.loop, at.other.fd(), event::Watch::Readable,
                      [&] { taken += net::read_some(at.other, room).bytes; });
  reader.arm();
  at.loop.run();
  while (taken < much.size() + 9) taken += net::read_some(at.other, room).bytes;
  CHECK(taken == much.size() + 9);
}

TEST_CASE("what is dropped does not go, but for what has begun to", "[app][handover]") {
  LinkedLoop at;
  const std::string large(4 << 20, 'x'), begun = frame("held 1\n" + large), kept = frame("purge\n");
  at.link->send_droppable("held 1", large);
  const bool has_begun = GENERATE(false, true);
  if (has_begun) at.link->flush();
  at.link->send_droppable("held 2", large);
  at.link->send("purge");
  at.link->send_droppable("held 3", large);
  at.link->drop();
  std::string taken;
  std::thread reader([&] { taken = at.take(has_begun ? begun.size() + kept.size() : kept.size()); });
  CHECK(at.link->send_all(kLong));
  CHECK(at.link->unsent() == 0);
  reader.join();
  CHECK(taken == (has_begun ? begun + kept : kept));
  std::array<char, 1> more;
  CHECK(net::read_some(at.other, more).state == net::IoResult::WouldBlock);
}

TEST_CASE("what is to be sent can be waited for, and what is sent then as well", "[app][handover]") {
  LinkedLoop at;
  const std::string large(4 << 20, 'x');
  at.then = "last";
  at.link->send("held", large);
  std::string taken;
  const std::size_t bytes = frame("held\n" + large).size() + frame("last\n").size();
  std::thread reader([&] { taken = at.take(bytes); });
  CHECK(at.link->send_all(kLong));
  reader.join();
  CHECK(taken.ends_with(frame("last\n")));
}

TEST_CASE("nobody waits longer than told for a process that does not read, or at all for one that has ended",
          "[app][handover]") {
  LinkedLoop at;
  at.link->send("held", std::string(4 << 20, 'x'));
  CHECK_FALSE(at.link->send_all(std::chrono::milliseconds{1}));
  at.other = net::Socket();
  CHECK(at.link->send_all(std::chrono::hours{1}));
  CHECK(at.is_closed);
  CHECK(at.link->unsent() == 0);
}

TEST_CASE("the end of the other process is told once", "[app][handover]") {
  LinkedLoop at;
  at.other = net::Socket();
  at.loop.run();
  CHECK(at.is_closed);
  at.link->send("ready");  // Goes nowhere.
  CHECK(at.link->unsent() == 0);
}

TEST_CASE("what is no frame ends it", "[app][handover]") {
  for (const std::string& wrong : {std::string("\xff\xff\xff\xff"), frame("no end of line"), frame("\nno words")}) {
    LinkedLoop at;
    at.give(wrong);
    at.loop.run();
    CHECK(at.is_closed);
    CHECK(at.frames.empty());
  }
}
