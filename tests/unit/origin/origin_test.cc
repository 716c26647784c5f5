#include "origin/origin.h"

#include <list>

#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using http::ProxyError;
using origin::BodyMode;
using origin::FetchRequest;

TEST_CASE("a response is collected whole", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server(answers("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"a\"\r\nX-Two:  b \r\n\r\nhello"));
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/a"}).finish();
  CHECK(fetch.status == 200);
  CHECK(fetch.fields == "Content-Length=5;ETag=\"a\";X-Two=b;");
  CHECK(fetch.body == "hello");
  CHECK(fetch.pieces == 0);
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::Status2xx].value() == 1);
  CHECK(worker.metrics.origin_bytes.value() == 5);
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("nothing is heard before start() has returned", "[origin]") {
  RawOrigin server(answers(ok("x")));
  TestWorker worker({server.url()});
  worker.options.queue_max = 0;
  worker.options.concurrent_max = 1;
  TestFetch first(worker), second(worker), third(worker);
  first.get("/");
  second.get("/");                        // The queue is full.
  third.start({.target = "not a path"});  // Nothing that could be sent.
  CHECK_FALSE((first.is_over() || second.is_over() || third.is_over()));
  worker.run_until([&] { return first.is_over() && second.is_over() && third.is_over(); });
  CHECK(second.error->error == ProxyError::ConnectionLimitReached);
  CHECK_FALSE(second.error->may_have_arrived);
  CHECK(third.error->error == ProxyError::HttpRequestError);
  CHECK(worker.metrics.limits[metrics::Limit::OriginQueue].value() == 1);
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::Refused].value() == 2);
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("a request goes out as it was given, with the origin's host and nothing else", "[origin]") {
  std::string seen;
  RawOrigin server([&](Peer& peer, int) {
    seen = peer.read_head();
    peer.write(ok(""));
  });
  TestWorker worker({server.url() + "/base/"});
  TestFetch fetch(worker);
  fetch
      .start({.target = "/a/../b?x=%20#y",
              .field_lines = "x-a: 1\r\nx-empty: \r\nhost: evil\r\ncontent-length: 7\r\nconnection: close\r\n"})
      .finish();
  server.stop();
  CHECK(seen == "GET /base/a/../b?x=%20#y HTTP/1.1\r\nHost: " + server.authority() + "\r\nx-a: 1\r\nx-empty: \r\n\r\n");
}

TEST_CASE("what could be read as a second request is not sent", "[origin][rfc9112-11.1]") {
  RawOrigin server(answers(ok("x")));
  TestWorker worker({server.url()});
  const std::vector<FetchRequest> bad{
      {.target = "/a HTTP/1.1\r\nx: y"},
      {.target = "http://elsewhere/"},
      {.method = "CONNECT", .target = "/"},
      {.method = "HEAD", .target = "/", .has_body = true},
      {.method = "GET /\r\n", .target = "/"},
      {.target = "/", .field_lines = "a: b\nc: d\r\n"},
      {.target = "/", .field_lines = std::string("a: b\0c\r\n", 8)},
      {.target = "/", .field_lines = "a b: c\r\n"},
      {.target = "/", .field_lines = "no end"},
  };
  for (const auto& request : bad) {
    TestFetch fetch(worker);
    fetch.start(request).finish();
    CHECK(fetch.error->error == ProxyError::HttpRequestError);
  }
  CHECK(server.connections() == 0);
}

TEST_CASE("ten fetches use one connection", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server(answers(ok("x")));
  TestWorker worker({server.url()});
  for (int i = 0; i < 10; ++i) {
    TestFetch fetch(worker);
    fetch.start({.method = method, .target = "/"}).finish();
    CHECK(fetch.body == "x");
  }
  CHECK(server.connections() == 1);
  CHECK(worker.metrics.origin_connections_opened.value() == 1);
}

TEST_CASE("responses without a body end with their head", "[origin][rfc9112-6.3]") {
  const auto [method, response] = GENERATE(table<std::string, std::string>({
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n"},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"},
  }));
  RawOrigin server(answers(response));
  TestWorker worker({server.url()});
  for (int i = 0; i < 2; ++i) {
    TestFetch fetch(worker);
    fetch.start({.method = method, .target = "/"}).finish();
    CHECK(fetch.ends == 1);
    CHECK(fetch.body.empty());
    CHECK(fetch.overflows == 0);
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("interim responses are skipped and trailers ignored", "[origin][rfc9110-15.2]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server(
      answers_once("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: y\r\n\r\n"));
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.heads == 1);
  CHECK(fetch.status == 200);
  CHECK(fetch.fields == "Transfer-Encoding=chunked;");
  CHECK(fetch.body == "abcde");
}

TEST_CASE("a body that ends with the connection is whole", "[origin][rfc9112-6.3]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server(answers_once("HTTP/1.0 200 OK\r\n\r\nall of it"));
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.body == "all of it");
}

TEST_CASE("a broken answer is told from an incomplete one and from none", "[origin][rfc9209-2.3]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  const std::string head = "HTTP/1.1 200 OK\r\n";
  const auto [response, expected] = GENERATE_COPY(table<std::string, ProxyError>({
      {head + "Content-Length: 10\r\n\r\nhello", ProxyError::HttpResponseIncomplete},
      {head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", ProxyError::HttpResponseIncomplete},
      {head + "X-A: b", ProxyError::HttpResponseIncomplete},
      {head + "X-A: b\r\n", ProxyError::HttpResponseIncomplete},
      {"", ProxyError::ConnectionTerminated},
      {"this is not HTTP\r\n\r\n", ProxyError::HttpProtocolError},
      {"HTTP/1.1 abc OK\r\n\r\n", ProxyError::HttpProtocolError},
      {"HTTP/1.1 999 OK\r\n\r\n", ProxyError::HttpProtocolError},
      {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", ProxyError::HttpProtocolError},
      {head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", ProxyError::HttpProtocolError},
      {head + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ProxyError::HttpProtocolError},
      {head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ProxyError::HttpProtocolError},
      {head + "X-A: b\rc\r\n\r\n", ProxyError::HttpProtocolError},
      {head + "X-Large: " + std::string(70'000, 'x') + "\r\n\r\n", ProxyError::HttpProtocolError},
  }));
  RawOrigin server(answers_once(response));
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  INFO(response.substr(0, 80));
  REQUIRE(fetch.error);
  CHECK(fetch.error->error == expected);
  CHECK(fetch.error->may_have_arrived);
  CHECK(fetch.error->detail.starts_with(server.authority() + ": "));
  CHECK(fetch.ends == 0);
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::ProtocolError].value() == 1);
}

TEST_CASE("an origin that cannot be reached is told by what failed", "[origin][rfc9209-2.3]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "POST");
  RawOrigin plain([](Peer& peer, int) {
    peer.write("not TLS");
    peer.wait_for_close();
  });
  const auto expected = GENERATE(ProxyError::ConnectionRefused, ProxyError::DnsError, ProxyError::TlsProtocolError);
  const std::string url = expected == ProxyError::ConnectionRefused ? closed_url()
                          : expected == ProxyError::DnsError        ? "http://no-such-host.invalid"
                                                                    : "https://" + plain.authority();
  TestWorker worker({url});
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  REQUIRE(fetch.error);
  INFO(fetch.error->detail);
  CHECK(fetch.error->error == expected);
  CHECK_FALSE(fetch.error->may_have_arrived);
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::ConnectError].value() == 1);
}

TEST_CASE("an origin that never answers is given up after the first-byte timeout", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server([](Peer& peer, int) { peer.wait_for_close(); });
  TestWorker worker({server.url()});
  worker.options.first_byte_timeout = std::chrono::milliseconds{50};
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.error->error == ProxyError::HttpResponseTimeout);
  CHECK(fetch.error->may_have_arrived);
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::Timeout].value() == 1);
}

TEST_CASE("a response that does not end is given up after the total timeout", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server([](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
    peer.wait_for_close();
  });
  TestWorker worker({server.url()});
  worker.options.total_timeout = std::chrono::milliseconds{50};
  TestFetch fetch(worker, BodyMode::Stream);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.body == "hello");
  CHECK(fetch.error->error == ProxyError::ConnectionReadTimeout);
}

TEST_CASE("a connection that is not made in time is given up", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "POST");
  const FullListener full;
  TestWorker worker({full.url()});
  worker.options.connect_timeout = std::chrono::milliseconds{50};
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.error->error == ProxyError::ConnectionTimeout);
  CHECK_FALSE(fetch.error->may_have_arrived);
}

TEST_CASE("where one URL cannot be connected to, the next is asked, for unsafe methods too", "[origin]") {
  RawOrigin server([](Peer& peer, int) {
    peer.read_head();
    peer.write(ok(peer.read_bytes(4)));
  });
  TestWorker worker({closed_url(), server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = "POST", .target = "/", .has_body = true, .body_length = 4});
  fetch.fetch->send_body("body");
  fetch.fetch->end_body();
  fetch.finish();
  CHECK(fetch.body == "body");
  CHECK(server.connections() == 1);
}

TEST_CASE("where no URL can be connected to, each was tried once", "[origin]") {
  TestWorker worker({closed_url(), closed_url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.error->error == ProxyError::ConnectionRefused);
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::ConnectError].value() == 1);
}

TEST_CASE("a safe request survives a kept connection that has died; an unsafe one is never sent twice", "[origin]") {
  std::atomic<int> requests{0};
  // Each connection answers once, then reads one more request and closes without a word.
  RawOrigin server([&](Peer& peer, int) {
    for (int i = 0; i < 2 && !peer.read_head().empty(); ++i) {
      ++requests;
      if (i == 0) peer.write(ok("x"));
    }
  });
  TestWorker worker({server.url()});
  TestFetch first(worker), second(worker);
  first.get("/").finish();
  SECTION("GET") {
    second.get("/").finish();
    CHECK(second.body == "x");
    CHECK(requests == 3);
    CHECK(server.connections() == 2);
  }
  SECTION("POST") {
    second.start({.method = "POST", .target = "/"}).finish();
    CHECK(second.body == "x");
    CHECK(requests == 2);
    CHECK(server.connections() == 2);
  }
}

TEST_CASE("kept connections may die any number of times", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write(ok("x"));
    peer.read_head();
  });
  TestWorker worker({server.url()});
  for (int i = 0; i < 20; ++i) {
    TestFetch fetch(worker);
    fetch.start({.method = method, .target = "/"}).finish();
    REQUIRE_FALSE(fetch.error);
  }
}

TEST_CASE("no more than concurrent_max fetches are under way, and the queue is served in its order", "[origin]") {
  std::atomic<int> busy{0};
  std::atomic<int> busiest{0};
  RawOrigin server([&](Peer& peer, int) {
    while (!peer.read_head().empty()) {
      const int now = ++busy;
      for (int seen = busiest; seen < now && !busiest.compare_exchange_weak(seen, now);) {
      }
      --busy;
      peer.write(ok("x"));
    }
  });
  TestWorker worker({server.url()});
  worker.options.concurrent_max = 3;
  worker.options.queue_max = 100;
  std::list<TestFetch> fetches;
  for (int i = 0; i < 50; ++i) fetches.emplace_back(worker).get("/");
  CHECK(worker.metrics.origin_queued.value() == 47);
  CHECK(worker.metrics.origin_in_flight.value() == 3);
  worker.run_until([&] {
    return std::all_of(fetches.begin(), fetches.end(), [](const TestFetch& fetch) { return fetch.ends == 1; });
  });
  CHECK(busiest <= 3);
  CHECK(server.connections() <= 3);
  CHECK(worker.metrics.origin_queued.value() == 0);
}

TEST_CASE("a fetch that waits too long in the queue is told so", "[origin]") {
  RawOrigin server([](Peer& peer, int) { peer.wait_for_close(); });
  TestWorker worker({server.url()});
  worker.options.concurrent_max = 1;
  worker.options.first_byte_timeout = std::chrono::milliseconds{50};
  TestFetch first(worker), second(worker), third(worker);
  first.get("/");
  second.get("/");
  third.get("/");
  third.fetch.reset();  // Whoever asked has gone.
  worker.run_until([&] { return first.is_over() && second.is_over(); });
  CHECK(first.error->error == ProxyError::HttpResponseTimeout);
  CHECK(second.error->error == ProxyError::ConnectionLimitReached);
  CHECK_FALSE(second.error->may_have_arrived);
  CHECK_FALSE(third.is_over());
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::Cancelled].value() == 1);
  CHECK(worker.metrics.origin_in_flight.value() == 0);
  CHECK(worker.metrics.origin_queued.value() == 0);
}

TEST_CASE("new options hold for fetches that start from now on", "[origin]") {
  RawOrigin before(answers(ok("before"))), after(answers(ok("after")));
  TestWorker worker({before.url()});
  TestFetch first(worker), second(worker);
  first.get("/").finish();
  worker.options.urls = {after.url()};
  worker.origin().reload(worker.options);
  second.get("/").finish();
  CHECK(first.body == "before");
  CHECK(second.body == "after");
}
