// What goes over our own connections of HTTP/1.1: GETs to origins in the clear.
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "origin/transfer.h"
#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using namespace std::chrono_literals;
using http::ProxyError;
using origin::BodyMode;

namespace {

// One side goes on when the other has had its turn, or has not had one for ten seconds.
class Pacer {
 public:
  void pause() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [this] { return may_go_on_; });
    may_go_on_ = has_ended_;
  }
  void go_on() { set(false); }
  void end() { set(true); }

 private:
  void set(bool has_ended) {
    std::lock_guard lock(mutex_);
    may_go_on_ = true;
    has_ended_ = has_ended;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool may_go_on_ = false;
  bool has_ended_ = false;
};

// More than a socket takes at once.
std::string long_lines() {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "x-a: " + std::string(60'000, 'y') + "\r\n";
  return lines;
}

}  // namespace

TEST_CASE("an answer is read however it is cut", "[origin][http1]") {
  const std::string head = "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b:\t2 \r\n";
  const std::string rest = GENERATE(as<std::string>(), "Content-Length: 5\r\n\r\nhello",
                                    "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nx-c: 3\r\n\r\n");
  const std::string whole = "HTTP/1.1 103 Early Hints\r\n\r\n" + head + rest;
  const auto piece = GENERATE(1u, 7u, 1000u);
  Pacer pacer;
  RawOrigin server([&](Peer& peer, int) {
    while (!peer.read_head().empty())
      for (std::string_view left = whole; !left.empty();
           left.remove_prefix(std::min<std::size_t>(piece, left.size()))) {
        peer.write(left.substr(0, piece));
        pacer.pause();
      }
  });
  TestWorker worker({server.url()});
  for (int i = 0; i < 2; ++i) {
    TestFetch fetch(worker);
    fetch.get("/");
    worker.watch_until([&] {
      pacer.go_on();  // What was written before has been read by now.
      return fetch.is_over();
    });
    CHECK(fetch.status == 200);
    CHECK(fetch.interims == 1);
    CHECK(fetch.fields.starts_with("X-A=1;x-b=2;"));
    CHECK(fetch.body == "hello");
  }
  CHECK(server.connections() == 1);
  pacer.end();
}

TEST_CASE("what is said before the answer is heard before it comes", "[origin][http1][rfc9110-15.2]") {
  Event may_answer;
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 103 Early Hints\r\nx: 1\r\n\r\n");
    may_answer.wait();
    peer.write(ok("x"));
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.get("/");
  worker.watch_until([&] { return fetch.interims == 1; });
  CHECK(fetch.heads == 0);
  may_answer.happen();
  fetch.finish();
  CHECK(fetch.body == "x");
}

TEST_CASE("a connection that the origin does not keep, or that says more than was asked, is not used again",
          "[origin][http1][rfc9112-9.3]") {
  const std::string length = "Content-Length: 1\r\n\r\nx";
  // It is left open all the same.
  RawOrigin server(answers(GENERATE_COPY(
      "HTTP/1.1 200 OK\r\nConnection: close\r\n" + length, "HTTP/1.1 200 OK\r\nconnection: x-a , Close\r\n" + length,
      "HTTP/1.0 200 OK\r\n" + length, "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + length, ok("x") + ok("evil"))));
  TestWorker worker({server.url()});
  for (int i = 0; i < 3; ++i) {
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == "x");
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("what an unused connection says answers nothing", "[origin][http1][rfc9112-9.2]") {
  const bool is_looked_at = GENERATE(true, false);
  Event may_speak, has_spoken;
  std::atomic<bool> is_closed{false};
  RawOrigin server([&](Peer& peer, int connection) {
    peer.read_head();
    peer.write(ok("x"));
    if (connection == 1) {
      may_speak.wait();
      peer.write(ok("evil"));
      has_spoken.happen();
    }
    is_closed = peer.wait_for_close();
  });
  TestWorker worker({server.url()});
  TestFetch first(worker), second(worker);
  first.get("/").finish();
  may_speak.happen();
  has_spoken.wait();  // Over loopback it is there, then.
  if (is_looked_at) worker.watch_until([&] { return is_closed.load(); });
  second.get("/").finish();
  CHECK(first.body + second.body == "xx");
  CHECK(server.connections() == 2);
}

TEST_CASE("a new connection that ends without an answer is not replaced", "[origin][http1][rfc9112-9.3.1]") {
  RawOrigin server([](Peer& peer, int) { peer.read_head(); });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  REQUIRE(fetch.error);
  CHECK(fetch.error->error == ProxyError::ConnectionTerminated);
  CHECK(fetch.error->detail == server.authority() + ": the connection was closed without an answer");
  CHECK(fetch.error->may_have_arrived);
  CHECK(server.connections() == 1);
}

TEST_CASE("an answer that has begun is not asked for once more", "[origin][http1][rfc9112-9.3.1]") {
  const std::string begun =
      GENERATE(as<std::string>(), "H", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx");
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write(ok("x"));
    peer.read_head();
    peer.write(begun);
  });
  TestWorker worker({server.url()});
  TestFetch first(worker), second(worker);
  first.get("/").finish();
  second.get("/").finish();
  REQUIRE(second.error);
  CHECK(second.error->error == ProxyError::HttpResponseIncomplete);
  CHECK(server.connections() == 1);
}

TEST_CASE("what is not HTTP/1 is told at once", "[origin][http1][rfc9209-2.3]") {
  const std::string said = GENERATE(as<std::string>(), "220 smtp ready\r\n", "HTTP/2 200", "\x15\x03\x01", "\r\n");
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write(said);
    peer.wait_for_close();
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  REQUIRE(fetch.error);
  CHECK(fetch.error->error == ProxyError::HttpProtocolError);
  CHECK(fetch.error->detail == server.authority() + ": the answer is not HTTP/1");
}

TEST_CASE("a head whose line never ends has a limit", "[origin][http1]") {
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\n");
    while (peer.write(std::string(10'000, 'x'))) {
    }
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  REQUIRE(fetch.error);
  CHECK(fetch.error->error == ProxyError::HttpProtocolError);
  CHECK(fetch.error->detail == server.authority() + ": a line of the head has no end");
}

TEST_CASE("chunks that are malformed are told from a body that was cut short", "[origin][http1][rfc9209-2.3]") {
  const bool is_malformed = GENERATE(false, true);
  RawOrigin server(answers_once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" +
                                std::string(is_malformed ? "oh\r\n" : "")));
  TestWorker worker({server.url()});
  TestFetch fetch(worker, BodyMode::Stream);
  fetch.get("/").finish();
  REQUIRE(fetch.error);
  CHECK(fetch.body == "hello");
  CHECK(fetch.error->error == (is_malformed ? ProxyError::HttpProtocolError : ProxyError::HttpResponseIncomplete));
}

TEST_CASE("no more connections are kept than fetches may be under way", "[origin][http1]") {
  RawOrigin server(answers(ok("x")));
  TestWorker worker({server.url()});
  const auto fetch_at_once = [&] {
    TestFetch first(worker), second(worker), third(worker);
    first.get("/1");
    second.get("/2");
    third.get("/3");
    worker.run_until([&] { return first.is_over() && second.is_over() && third.is_over(); });
    CHECK(first.body + second.body + third.body == "xxx");
    return server.connections();
  };
  CHECK(fetch_at_once() == 3);
  CHECK(fetch_at_once() == 3);
  worker.options.concurrent_max = 1;
  worker.origin().reload(worker.options);
  CHECK(fetch_at_once() == 3);  // One after the other; each leaves one connection less.
  CHECK(fetch_at_once() == 3);
  worker.options.concurrent_max = 3;
  worker.origin().reload(worker.options);
  CHECK(fetch_at_once() == 5);
}

TEST_CASE("a connection that was unused for too long is not used again", "[origin][http1]") {
  RawOrigin server(answers(ok("x")));
  TestWorker worker({server.url()});
  worker.options.idle_timeout = 10s;
  for (const auto& [pause, connections] : {std::pair{0s, 1}, {5s, 1}, {20s, 2}}) {
    worker.clock.advance(pause);
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == "x");
    CHECK(server.connections() == connections);
  }
}

TEST_CASE("a connection is closed when it was unused for too long", "[origin][http1]") {
  std::atomic<int> closed{0};
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write(ok("x"));
    if (peer.wait_for_close()) ++closed;
  });
  TestWorker worker({server.url()});
  worker.options.idle_timeout = 20ms;
  TestFetch first(worker), second(worker);
  first.get("/1");
  second.get("/2");
  worker.watch_until([&] { return first.is_over() && second.is_over() && closed == 2; });
  CHECK(first.body + second.body == "xx");
}

TEST_CASE("a connection that led elsewhere is not used again", "[origin][http1]") {
  const bool is_in_use = GENERATE(false, true);
  std::atomic<bool> was_asked{false};
  Event may_answer;
  if (!is_in_use) may_answer.happen();
  RawOrigin first([&](Peer& peer, int) {
    while (!peer.read_head().empty()) {
      was_asked = true;
      may_answer.wait();
      peer.write(ok("first"));
    }
  });
  RawOrigin second(answers(ok("second")));
  TestWorker worker({"http://avatars.invalid"});
  worker.options.connect_to = first.authority();
  TestFetch before(worker), after(worker);
  before.get("/");
  worker.watch_until([&] { return is_in_use ? was_asked.load() : before.is_over(); });
  worker.options.connect_to = second.authority();
  worker.origin().reload(worker.options);
  may_answer.happen();
  worker.watch_until([&] { return before.is_over(); });
  after.get("/").finish();
  CHECK(before.body == "first");
  CHECK(after.body == "second");
}

TEST_CASE("the default port is not named", "[origin][http1][rfc9110-7.2]") {
  std::string seen;
  RawOrigin server([&](Peer& peer, int) {
    seen = peer.read_head();
    peer.write(ok(""));
  });
  TestWorker worker({GENERATE(as<std::string>(), "http://avatars.invalid", "http://avatars.invalid:80")});
  worker.options.connect_to = server.authority();
  TestFetch fetch(worker);
  fetch.get("/").finish();
  server.stop();
  CHECK(seen == "GET / HTTP/1.1\r\nHost: avatars.invalid\r\n\r\n");
}

TEST_CASE("the host of an IPv6 address is in brackets, and * has no prefix", "[origin][http1][rfc9110-7.2]") {
  std::string seen;
  RawOrigin server([&](Peer& peer, int) {
    seen = peer.read_head();
    peer.write(ok(""));
  });
  TestWorker worker({"http://[::1]:8080/base"});
  worker.options.connect_to = server.authority();
  const bool is_for_all = GENERATE(false, true);
  TestFetch fetch(worker);
  fetch.get(is_for_all ? "*" : "/a").finish();
  server.stop();
  CHECK(seen == std::string(is_for_all ? "GET *" : "GET /base/a") + " HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n");
}

TEST_CASE("a request that does not fit into the socket is sent as there is room", "[origin][http1]") {
  const std::string lines = long_lines();
  std::size_t seen = 0;
  RawOrigin server([&](Peer& peer, int) {
    seen = peer.read_head().size();
    peer.write(ok("x"));
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.target = "/", .field_lines = lines}).finish();
  CHECK(fetch.body == "x");
  server.stop();
  CHECK(seen > lines.size());
}

TEST_CASE("a connection whose request was not sent whole is not used again", "[origin][http1]") {
  Event may_read;
  RawOrigin server([&](Peer& peer, int connection) {
    if (connection > 1) peer.read_head();
    peer.write(ok("x"));
    may_read.wait();
    peer.wait_for_close();
  });
  TestWorker worker({server.url()});
  TestFetch first(worker), second(worker);
  first.start({.target = "/", .field_lines = long_lines()}).finish();
  may_read.happen();
  second.get("/").finish();
  CHECK(first.body + second.body == "xx");
  CHECK(server.connections() == 2);
}

TEST_CASE("a body that would end with the connection does not end with a reset", "[origin][http1][rfc9112-8]") {
  const bool is_long = GENERATE(false, true);  // So that it is the sending that fails.
  Event may_reset;
  RawOrigin server([&](Peer& peer, int) {
    if (!is_long) peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\n\r\nhalf");
    may_reset.wait();
    peer.reset();
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker, BodyMode::Stream);
  fetch.start({.target = "/", .field_lines = is_long ? long_lines() : ""});
  worker.watch_until([&] { return fetch.body == "half"; });
  may_reset.happen();
  fetch.finish();
  REQUIRE(fetch.error);
  CHECK(fetch.error->error == ProxyError::HttpResponseIncomplete);
}

TEST_CASE("a request that could not be sent once more may have arrived", "[origin][http1]") {
  auto server = std::make_unique<RawOrigin>([](Peer& peer, int) {
    peer.read_head();
    peer.write(ok("x"));
    peer.read_head();
  });
  TestWorker worker({server->url()});
  TestFetch first(worker), second(worker);
  first.get("/").finish();
  server->listen_no_more();
  second.get("/").finish();
  REQUIRE(second.error);
  CHECK(second.error->error == ProxyError::ConnectionRefused);
  CHECK(second.error->may_have_arrived);
}

TEST_CASE("the connection of an answer that was held back is watched when it is unused", "[origin][http1]") {
  Event may_end;
  std::atomic<bool> is_closed{false};
  const std::string body(origin::Transfer::kStreamBytesMax + 10'000, 'x');
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write(ok(body));
    may_end.wait();
    peer.end_writing();
    is_closed = peer.wait_for_close();
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker, BodyMode::Stream);
  fetch.when_head = [&] { fetch.fetch->pause(); };
  fetch.get("/");
  int turns = 0;  // Until nothing more is read.
  worker.watch_until(
      [&] { return worker.metrics.origin_bytes.value() > origin::Transfer::kStreamBytesMax - 65'536 && ++turns > 3; });
  fetch.fetch->resume();
  fetch.finish();
  CHECK(fetch.body.size() == body.size());
  may_end.happen();
  worker.watch_until([&] { return is_closed.load(); });
}

TEST_CASE("a fetch that is given up closes its connection", "[origin][http1]") {
  std::atomic<int> closed{0};
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    if (peer.wait_for_close()) ++closed;
  });
  TestWorker worker({server.url()});
  auto fetch = std::make_unique<TestFetch>(worker);
  fetch->get("/");
  worker.watch_until([&] { return worker.metrics.origin_connections_opened.value() == 1; });
  fetch.reset();
  worker.watch_until([&] { return closed == 1; });
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("a fetch may be given up while its connection is being made, and the next begins anew", "[origin][http1]") {
  const FullListener full;
  TestWorker worker({full.url()});
  for (int i = 0; i < 3; ++i) {
    TestFetch fetch(worker);
    fetch.get("/");
    int turns = 0;
    worker.watch_until([&] { return ++turns > 2; });
    CHECK_FALSE(fetch.is_over());
  }
  CHECK(worker.metrics.origin_in_flight.value() == 0);
  CHECK(worker.metrics.origin_connections_opened.value() == 0);
}
