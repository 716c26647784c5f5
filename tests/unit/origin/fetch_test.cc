#include "origin/fetch.h"

#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using http::ProxyError;
using origin::BodyMode;

namespace {

std::string numbered(std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += std::to_string(text.size()) + " ";
  text.resize(bytes);
  return text;
}

std::string chunked(std::string_view body, std::size_t chunk) {
  std::string text;
  for (; !body.empty(); body.remove_prefix(std::min(chunk, body.size()))) {
    const auto piece = body.substr(0, chunk);
    char size[20];
    std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    text += size + std::string(piece) + "\r\n";
  }
  return text + "0\r\n\r\n";
}

// What a chunked request body says.
std::string read_chunked(Peer& peer) {
  std::string body;
  for (;;) {
    const auto size = std::strtoul(peer.read_through("\r\n").c_str(), nullptr, 16);
    body += peer.read_bytes(size);
    peer.read_bytes(2);
    if (size == 0) return body;
  }
}

}  // namespace

TEST_CASE("a body is streamed in pieces that add up to it", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  const std::string body = numbered(3'000'000);
  const bool is_chunked = GENERATE(false, true);
  RawOrigin server(
      answers(is_chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 5000) : ok(body)));
  TestWorker worker({server.url()});
  TestFetch fetch(worker, BodyMode::Stream);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.ends == 1);
  CHECK((fetch.body == body));
  CHECK(fetch.pieces > 1);
}

TEST_CASE("a body is collected whether its length is known or not", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  const std::string body = numbered(3'000'000);
  const bool is_chunked = GENERATE(false, true);
  RawOrigin server(
      answers(is_chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 50'000) : ok(body)));
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.ends == 1);
  CHECK((fetch.body == body));
  CHECK(fetch.pieces == 0);
}

TEST_CASE("a body that outgrows what may be collected is streamed from its first byte", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  const std::string body = numbered(GENERATE(101u, 1'000'000u));
  const bool is_chunked = GENERATE(false, true);
  RawOrigin server(
      answers(is_chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 60) : ok(body)));
  TestWorker worker({server.url()});
  worker.options.collect_bytes_max = 100;
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.overflows == 1);
  CHECK(fetch.pieces > 0);
  CHECK((fetch.body == body));
}

TEST_CASE("a body exactly as large as may be collected does not overflow", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  const bool is_chunked = GENERATE(false, true);
  const std::string body(100, 'x');
  RawOrigin server(
      answers(is_chunked ? "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 50) : ok(body)));
  TestWorker worker({server.url()});
  worker.options.collect_bytes_max = 100;
  TestFetch fetch(worker);
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK(fetch.overflows == 0);
  CHECK(fetch.body == body);
}

TEST_CASE("a paused fetch stops the origin, and goes on where it was", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  const std::string body = numbered(20'000'000);
  std::atomic<std::size_t> sent{0};
  std::atomic<bool> was_full{false};
  TestWorker* heard_by = nullptr;
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n");
    for (std::string_view rest = body; !rest.empty();) {
      if (!was_full && peer.is_full(std::chrono::milliseconds{200})) {
        was_full = true;
        heard_by->loop.post([heard_by] { heard_by->heard(); });
      }
      const auto piece = rest.substr(0, 10'000);
      if (!peer.write(piece)) return;
      sent += piece.size();
      rest.remove_prefix(piece.size());
    }
  });
  TestWorker worker({server.url()});
  heard_by = &worker;
  TestFetch fetch(worker, BodyMode::Stream);
  fetch.when_body = [&] {
    if (fetch.pieces == 1) fetch.fetch->pause();
  };
  fetch.start({.method = method, .target = "/"});
  worker.run_until([&] { return was_full.load(); });
  CHECK(fetch.pieces == 1);
  CHECK(fetch.body.size() < 1'000'000);
  CHECK(sent < 15'000'000);  // What the kernel holds, and 256 KiB.
  fetch.fetch->resume();
  CHECK(fetch.pieces == 1);  // Not from inside resume().
  fetch.finish();
  CHECK(fetch.ends == 1);
  CHECK((fetch.body == body));
}

TEST_CASE("a fetch may be paused and resumed for each piece", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  const std::string body = numbered(2'000'000);
  RawOrigin server(answers(ok(body)));
  TestWorker worker({server.url()});
  TestFetch fetch(worker, BodyMode::Stream);
  fetch.when_head = [&] {
    fetch.fetch->pause();
    worker.loop.post([&] { fetch.fetch->resume(); });
  };
  fetch.when_body = [&] {
    fetch.fetch->pause();
    worker.loop.post([&] { fetch.fetch->resume(); });
  };
  fetch.start({.method = method, .target = "/"}).finish();
  CHECK((fetch.body == body));
}

TEST_CASE("the end of a paused body waits for its last piece", "[origin]") {
  const std::string method = GENERATE(as<std::string>(), "GET", "OPTIONS");
  RawOrigin server(answers(ok("hello")));
  TestWorker worker({server.url()});
  TestFetch fetch(worker, BodyMode::Stream), later(worker);
  fetch.when_head = [&] { fetch.fetch->pause(); };
  fetch.start({.method = method, .target = "/"});
  worker.run_until([&] { return fetch.heads == 1; });
  later.start({.method = method, .target = "/"}).finish();
  CHECK_FALSE(fetch.is_over());
  CHECK(fetch.body.empty());
  fetch.fetch->resume();
  fetch.finish();
  CHECK(fetch.body == "hello");
}

TEST_CASE("a request body is sent with its length or chunked", "[origin]") {
  const std::string body = numbered(10'000'000);
  const bool is_sized = GENERATE(true, false);
  std::string head, received;
  RawOrigin server([&](Peer& peer, int) {
    head = peer.read_head();
    received = is_sized ? peer.read_bytes(body.size()) : read_chunked(peer);
    peer.write(ok("thanks"));
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  std::string_view rest = body;
  std::size_t most = 0;
  fetch.when_drained = [&] {
    while (!rest.empty() && !fetch.fetch->is_upload_congested()) {
      fetch.fetch->send_body(rest.substr(0, 10'000));
      rest.remove_prefix(std::min<std::size_t>(10'000, rest.size()));
      most = std::max(most, body.size() - rest.size());
    }
    if (rest.empty()) fetch.fetch->end_body();
  };
  origin::FetchRequest request{.method = "PUT", .target = "/", .has_body = true};
  if (is_sized) request.body_length = body.size();
  fetch.start(request);
  fetch.when_drained();
  CHECK(fetch.fetch->is_upload_congested());
  CHECK(most < 300'000);
  fetch.finish();
  server.stop();
  CHECK(fetch.body == "thanks");
  CHECK((received == body));
  CHECK(fetch.drained > 1);
  CHECK(head.find("Expect") == std::string::npos);
  CHECK((head.find("Content-Length: 10000000\r\n") != std::string::npos) == is_sized);
  CHECK((head.find("Transfer-Encoding: chunked\r\n") != std::string::npos) == !is_sized);
}

TEST_CASE("a body that comes slowly is sent on as it comes", "[origin]") {
  TestWorker* heard_by = nullptr;
  TestFetch* sender = nullptr;
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    for (const char* piece : {"one", "two", "three"}) {
      heard_by->loop.post([&, piece] { sender->fetch->send_body(piece); });
      peer.read_through(piece);
    }
    heard_by->loop.post([&] { sender->fetch->end_body(); });
    peer.read_through("0\r\n\r\n");
    peer.write(ok("thanks"));
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  heard_by = &worker;
  sender = &fetch;
  fetch.start({.method = "POST", .target = "/", .has_body = true}).finish();
  CHECK(fetch.body == "thanks");
}

TEST_CASE("an empty request body has a length", "[origin][rfc9110-8.6]") {
  std::string head;
  const bool has_body = GENERATE(true, false);
  RawOrigin server([&](Peer& peer, int) {
    head = peer.read_head();
    peer.write(ok(""));
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  origin::FetchRequest request{.method = "POST", .target = "/", .has_body = has_body};
  if (has_body) request.body_length = 0;
  fetch.start(request);
  if (has_body) fetch.fetch->end_body();
  fetch.finish();
  server.stop();
  CHECK(fetch.ends == 1);
  CHECK((head.find("ontent-") != std::string::npos && head.find("ength: 0\r\n") != std::string::npos));
}

TEST_CASE("an origin may answer before it has the whole body", "[origin]") {
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.read_bytes(10);
    peer.write("HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch");
    peer.wait_for_close();
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = "PUT", .target = "/", .has_body = true, .body_length = 1'000'000});
  fetch.fetch->send_body(numbered(1000));
  fetch.finish();
  CHECK(fetch.status == 413);
  CHECK(fetch.body == "much");
  CHECK(fetch.ends == 1);
}

TEST_CASE("an answer is heard although the origin then resets the upload", "[origin]") {
  RawOrigin server([&](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
  });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.when_drained = [&] {
    while (!fetch.fetch->is_upload_congested()) fetch.fetch->send_body(std::string(100'000, 'x'));
  };
  fetch.start({.method = "PUT", .target = "/", .has_body = true});
  fetch.when_drained();
  fetch.finish();
  if (!fetch.error) CHECK(fetch.status == 403);  // The reset may overtake the answer, as it may any client's.
  if (fetch.error) CHECK_FALSE(fetch.error->may_have_arrived);
}

TEST_CASE("a request body that ends too early has not arrived", "[origin]") {
  RawOrigin server([&](Peer& peer, int) { peer.wait_for_close(); });
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  fetch.start({.method = "PUT", .target = "/", .has_body = true, .body_length = 10});
  fetch.fetch->send_body("half");
  fetch.fetch->end_body();
  fetch.finish();
  CHECK(fetch.error->error == ProxyError::HttpRequestError);
  CHECK_FALSE(fetch.error->may_have_arrived);
}

TEST_CASE("a fetch may be destroyed in any callback, and another started there", "[origin]") {
  const std::string where = GENERATE("head", "body", "overflow", "end", "error", "drained");
  const bool is_stream = where == "body" || where == "error";
  RawOrigin server([&](Peer& peer, int connection) {
    peer.read_head();
    if (where == "drained" && connection == 1) return void(peer.wait_for_close());
    if (where == "error" && connection == 1) {
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");
      return;
    }
    peer.write(ok(numbered(1000)));
    peer.read_head();
    peer.write(ok(numbered(1000)));
    peer.wait_for_close();
  });
  TestWorker worker({server.url()});
  if (where == "overflow") worker.options.collect_bytes_max = 100;
  TestFetch fetch(worker, is_stream ? BodyMode::Stream : BodyMode::Collect), other(worker, BodyMode::Stream);
  const auto replace = [&] {
    fetch.fetch.reset();
    other.get("/other");
  };
  (where == "head"       ? fetch.when_head
   : where == "body"     ? fetch.when_body
   : where == "overflow" ? fetch.when_overflow
   : where == "end"      ? fetch.when_end
   : where == "error"    ? fetch.when_error
                         : fetch.when_drained) = replace;
  if (where == "drained") {
    fetch.start({.method = "PUT", .target = "/", .has_body = true, .body_length = 100});
    fetch.fetch->send_body("some");
  } else {
    fetch.get("/");
  }
  other.finish();
  INFO(where);
  CHECK(fetch.fetch == nullptr);
  CHECK((fetch.ends == 1) == (where == "end"));
  CHECK(fetch.error.has_value() == (where == "error"));
  CHECK(other.body == numbered(1000));
  other.fetch.reset();
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("a fetch may destroy another that has something to tell in the same turn", "[origin]") {
  RawOrigin server(answers(ok("hello")));
  TestWorker worker({server.url()});
  TestFetch first(worker), second(worker);
  first.when_end = [&] { second.fetch.reset(); };
  second.when_end = [&] { first.fetch.reset(); };
  first.get("/");
  second.get("/");
  worker.run_until([&] { return first.is_over() || second.is_over(); });
  first.fetch.reset();
  second.fetch.reset();
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("a fetch hands over to another observer", "[origin]") {
  RawOrigin server(answers(ok("hello")));
  TestWorker worker({server.url()});
  TestFetch first(worker, BodyMode::Stream), second(worker);
  first.when_head = [&] { first.fetch->set_observer(second); };
  first.get("/");
  worker.run_until([&] { return second.ends == 1; });
  CHECK(first.body.empty());
  CHECK(second.body == "hello");
}

TEST_CASE("an origin may be closed with tasks of its own still planned", "[origin]") {
  RawOrigin server(answers(ok("hello")));
  TestWorker worker({server.url()});
  TestFetch fetch(worker);
  bool is_closed = false;
  worker.loop.post([&] {
    fetch.get("/");
    fetch.fetch.reset();
    worker.close();
    is_closed = true;
  });
  worker.run_until([&] { return is_closed; });
  CHECK_FALSE(fetch.is_over());
}
