// What goes over our own connections of HTTP/1.1: GETs to origins in the clear.
#include <atomic>
#include <memory>

#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using namespace std::chrono_literals;
using http::ProxyError;
using origin::BodyMode;

namespace {

// Answers each request of a connection with `response`, byte by byte as the kernel likes.
RawOrigin::Script answers_in_pieces(std::string response, std::size_t piece) {
  return [response = std::move(response), piece](Peer& peer, int) {
    while (!peer.read_head().empty())
      for (std::string_view rest = response; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size())))
        peer.write(rest.substr(0, piece));
  };
}

}  // namespace

TEST_CASE("an answer is read however it is cut", "[origin][http1]") {
  const std::string head = "HTTP/1.1 200 OK\r\nX-A: 1\r\nx-b:\t2 \r\n";
  const std::string rest = GENERATE(as<std::string>(), "Content-Length: 5\r\n\r\nhello",
                                    "Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nx-c: 3\r\n\r\n");
  RawOrigin server(answers_in_pieces("HTTP/1.1 103 Early Hints\r\n\r\n" + head + rest, GENERATE(1u, 7u, 1000u)));
  TestWorker worker({server.url()});
  for (int i = 0; i < 3; ++i) {
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.status == 200);
    CHECK(fetch.interims == 1);
    CHECK(fetch.fields.starts_with("X-A=1;x-b=2;"));
    CHECK(fetch.body == "hello");
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("a connection that the origin does not keep is not used again", "[origin][http1][rfc9112-9.3]") {
  const std::string head = GENERATE(as<std::string>(), "HTTP/1.1 200 OK\r\nConnection: close\r\n",
                                    "HTTP/1.1 200 OK\r\nconnection: x-a , Close\r\n", "HTTP/1.0 200 OK\r\n",
                                    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n");
  // It is left open all the same.
  RawOrigin server(answers(head + "Content-Length: 1\r\n\r\nx"));
  TestWorker worker({server.url()});
  for (int i = 0; i < 3; ++i) {
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == "x");
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("what comes behind an answer answers nothing", "[origin][http1][rfc9112-9.2]") {
  RawOrigin server(answers(ok("x") + ok("evil")));
  TestWorker worker({server.url()});
  for (int i = 0; i < 3; ++i) {
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == "x");
  }
  CHECK(server.connections() == 3);
}

TEST_CASE("what an unused connection says answers nothing", "[origin][http1][rfc9112-9.2]") {
  std::atomic<bool> may_speak{false}, is_closed{false};
  RawOrigin server([&](Peer& peer, int connection) {
    peer.read_head();
    peer.write(ok("x"));
    if (connection == 1) {
      may_speak.wait(false);
      peer.write(ok("evil"));
    }
    peer.wait_for_close();
    is_closed = true;
  });
  TestWorker worker({server.url()});
  TestFetch first(worker), second(worker);
  first.get("/").finish();
  may_speak = true;
  may_speak.notify_all();
  worker.watch_until([&] { return is_closed.load(); });
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
  };
  fetch_at_once();
  CHECK(server.connections() == 3);
  fetch_at_once();
  CHECK(server.connections() == 3);
  worker.options.concurrent_max = 1;
  worker.origin().reload(worker.options);
  fetch_at_once();  // One after the other, over one of them.
  CHECK(server.connections() == 3);
  worker.options.concurrent_max = 3;
  worker.origin().reload(worker.options);
  fetch_at_once();
  CHECK(server.connections() > 3);
}

TEST_CASE("a connection that was unused for too long is not used again", "[origin][http1]") {
  RawOrigin server(answers(ok("x")));
  TestWorker worker({server.url()});
  worker.options.idle_timeout = 10s;
  for (const auto& [pause, connections] : {std::pair{0s, 1}, {9s, 1}, {11s, 2}}) {
    worker.clock.advance(pause);
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == "x");
    CHECK(server.connections() == connections);
  }
}

TEST_CASE("a connection that led elsewhere is not used again", "[origin][http1]") {
  RawOrigin first(answers(ok("first"))), second(answers(ok("second")));
  TestWorker worker({"http://avatars.invalid"});
  for (RawOrigin* server : {&first, &second}) {
    worker.options.connect_to = server->authority();
    worker.origin().reload(worker.options);
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == (server == &first ? "first" : "second"));
  }
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

TEST_CASE("a fetch that is given up closes its connection, made or in the making", "[origin][http1]") {
  std::atomic<int> closed{0};
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.wait_for_close();
    ++closed;
  });
  TestWorker worker({server.url()});
  auto in_the_making = std::make_unique<TestFetch>(worker), made = std::make_unique<TestFetch>(worker);
  in_the_making->get("/");
  in_the_making.reset();
  made->get("/");
  worker.watch_until([&] { return worker.metrics.origin_connections_opened.value() == 1; });
  made.reset();
  worker.watch_until([&] { return closed > 0 && closed == server.connections(); });
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}
