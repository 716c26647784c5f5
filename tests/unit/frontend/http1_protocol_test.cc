#include "frontend/http1_protocol.h"

#include <atomic>

#include "support/catch.h"
#include "unit/frontend/test_handlers.h"
#include "unit/frontend/test_server.h"

using namespace edge;
using namespace edge::frontend;

namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nhost: x\r\n\r\n";

}  // namespace

TEST_CASE("a connection is kept for the next request", "[frontend][rfc9112 9.3]") {
  TestServer server(answer_target);
  Client client = server.connect();
  for (const char* target : {"/a", "/b", "/c"}) {
    client.send("GET " + std::string(target) + " HTTP/1.1\r\nhost: x\r\n\r\n");
    const Answer answer = client.read();
    CHECK(answer.status == 200);
    CHECK(answer.body == target);
    CHECK(answer.says("x-test: 1"));
    CHECK(answer.head.find("connection:") == std::string::npos);
    CHECK(answer.head.find("\r\ndate: ") != std::string::npos);
  }
  CHECK(server.metrics.connections_accepted.value() == 1);
}

TEST_CASE("a request that comes byte by byte is a request", "[frontend]") {
  TestServer server(echo);
  Client client = server.connect();
  for (const char c : std::string("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\n\r\nabc") + std::string(kGet))
    client.send({&c, 1});
  CHECK(client.read().body == "abc");
  CHECK(client.read().body == "/a");
}

TEST_CASE("the client's wish to close is granted", "[frontend][rfc9112 9.6]") {
  TestServer server(answer_target);
  Client client = server.connect();
  client.send("GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  const Answer answer = client.read();
  CHECK(answer.body == "/a");
  CHECK(answer.says("connection: close"));
  CHECK(client.is_at_end());
}

TEST_CASE("a client of HTTP/1.0 is told that its connection is kept, if it asked", "[frontend][rfc9112 9.3]") {
  TestServer server(answer_target);
  Client keeps = server.connect();
  for (int i = 0; i < 2; ++i) {
    keeps.send("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    const Answer answer = keeps.read();
    CHECK(answer.body == "/a");
    CHECK(answer.says("connection: keep-alive"));
  }
  Client closes = server.connect();
  closes.send("GET /a HTTP/1.0\r\n\r\n");
  CHECK(closes.read().says("connection: close"));
  CHECK(closes.is_at_end());
}

TEST_CASE("pipelined requests are answered in their order, whoever takes longer", "[frontend][rfc9112 9.3.2]") {
  TestServer server([](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    if (exchange.request().target != "/slow") return answer_target(exchange);
    return std::make_unique<LaterTask>(exchange, [](Exchange& later) { answer_target(later); });
  });
  Client client = server.connect();
  client.send(
      "GET /1 HTTP/1.1\r\nhost: x\r\n\r\nGET /slow HTTP/1.1\r\nhost: x\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n"
      "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n");
  for (const char* target : {"/1", "/slow", "/2", "/slow"}) CHECK(client.read().body == target);
}

TEST_CASE("any number of pipelined requests for large bodies is answered in full", "[frontend]") {
  const Ref<const Body> body(new Body(std::string(50'000, 'b')));
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.respond({.status = 200, .body = body->text, .owner = body});
    return nullptr;
  });
  Client client = server.connect();
  std::string requests;
  for (int i = 0; i < 200; ++i) requests += kGet;
  client.send(requests);
  for (int i = 0; i < 200; ++i) REQUIRE(client.read().body.size() == 50'000);
}

TEST_CASE("HEAD is answered like GET but for the body", "[frontend][rfc9110 9.3.2]") {
  TestServer server(answer_target);
  Client client = server.connect();
  client.send("HEAD /four HTTP/1.1\r\nhost: x\r\n\r\n" + std::string(kGet));
  const Answer head = client.read(false);
  CHECK(head.status == 200);
  CHECK(head.says("content-length: 5"));
  CHECK(client.read().body == "/a");
}

TEST_CASE("204 and 304 carry neither a body nor a length", "[frontend][rfc9110 8.6]") {
  const std::uint16_t status = GENERATE(std::uint16_t{204}, std::uint16_t{304});
  TestServer server([status](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.respond({.status = status, .body = "surplus"});
    return nullptr;
  });
  Client client = server.connect();
  client.send(kGet);
  client.send(kGet);
  for (int i = 0; i < 2; ++i) {
    const Answer answer = client.read();
    CHECK(answer.status == status);
    CHECK(answer.head.find("content-length") == std::string::npos);
  }
}

// ---- Streams ----

TEST_CASE("a response in pieces is framed as its client understands it", "[frontend][rfc9112 6]") {
  const bool has_length = GENERATE(true, false);
  const bool is_1_0 = GENERATE(true, false);
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    return std::make_unique<LaterTask>(exchange, [&](Exchange& later) {
      later.start_response({.status = 200}, has_length ? std::optional<std::uint64_t>{10} : std::nullopt);
      later.write("01234");
      later.write("");
      later.write("56789");
      later.finish();
    });
  });
  Client client = server.connect();
  client.send(is_1_0 ? "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n" : kGet);
  const Answer answer = client.read();
  CHECK(answer.body == "0123456789");
  CHECK(answer.is_whole);
  CHECK(answer.says("content-length: 10") == has_length);
  CHECK(answer.says("transfer-encoding: chunked") == (!has_length && !is_1_0));
  CHECK(answer.says("connection: close") == (!has_length && is_1_0));
}

TEST_CASE("a stream for HEAD is a head alone", "[frontend][rfc9110 9.3.2]") {
  const bool has_length = GENERATE(true, false);
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.start_response({.status = 200}, has_length ? std::optional<std::uint64_t>{10} : std::nullopt);
    exchange.write("0123456789");
    exchange.finish();
    return nullptr;
  });
  Client client = server.connect();
  client.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n");
  CHECK(client.read(false).says("content-length: 10") == has_length);
  client.send("HEAD / HTTP/1.1\r\nhost: x\r\n\r\n");
  CHECK(client.read(false).status == 200);
}

TEST_CASE("a stream that is aborted, or too short, is a broken message", "[frontend][rfc9112 8]") {
  const bool has_length = GENERATE(true, false);
  const bool aborts = GENERATE(true, false);
  if (!has_length && !aborts) return;
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    return std::make_unique<LaterTask>(exchange, [&](Exchange& later) {
      later.start_response({.status = 200}, has_length ? std::optional<std::uint64_t>{10} : std::nullopt);
      later.write("01234");
      aborts ? later.abort() : later.finish();
    });
  });
  Client client = server.connect();
  client.send(kGet);
  CHECK_FALSE(client.read().is_whole);
  CHECK(server.log().find("\"complete\":false") != std::string::npos);
}

TEST_CASE("a stream that is aborted takes no earlier answer with it", "[frontend][rfc9112 9.3.2]") {
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    if (exchange.request().target == "/whole") return answer_target(exchange);
    exchange.start_response({.status = 200}, 10);
    exchange.write("01234");
    exchange.abort();
    return nullptr;
  });
  Client client = server.connect();
  client.send("GET /whole HTTP/1.1\r\nhost: x\r\n\r\nGET /broken HTTP/1.1\r\nhost: x\r\n\r\n");
  CHECK(client.read().body == "/whole");
  CHECK_FALSE(client.read().is_whole);
  CHECK(client.read_to_end() == "01234");
}

TEST_CASE("a stream that only the end of the connection ends is aborted with a reset", "[frontend][rfc9112 8]") {
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.start_response({.status = 200}, std::nullopt);
    exchange.write("01234");
    exchange.abort();
    return nullptr;
  });
  Client client = server.connect();
  client.send("GET /a HTTP/1.0\r\nhost: x\r\n\r\n");
  client.read_to_end();
  CHECK(client.was_reset());
}

TEST_CASE("a stream is taken back as long as the client has seen nothing of it", "[frontend]") {
  const bool is_sent = GENERATE(false, true);
  std::atomic<bool> was_taken_back = false;
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.start_response({.status = 200}, std::nullopt);
    exchange.write("01234");
    const auto end = [&](Exchange& later) {
      was_taken_back = later.take_back();
      was_taken_back ? later.respond({.status = 502, .body = "broken"}) : later.abort();
    };
    if (is_sent) return std::make_unique<LaterTask>(exchange, end);
    end(exchange);
    return nullptr;
  });
  Client client = server.connect();
  client.send(std::string(kGet) + (is_sent ? "" : std::string(kGet)));
  const Answer answer = client.read();
  CHECK(answer.status == (is_sent ? 200 : 502));
  CHECK(answer.is_whole != is_sent);
  if (!is_sent) CHECK(client.read().body == "broken");
  CHECK(was_taken_back != is_sent);
}

TEST_CASE("a piece beyond the declared length is not sent", "[frontend][rfc9112 6.2]") {
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.start_response({.status = 200}, 5);
    exchange.write("01234567");
    exchange.finish();
    return nullptr;
  });
  Client client = server.connect();
  client.send(kGet);
  client.send(kGet);
  CHECK(client.read().body == "01234");
  CHECK(client.read().body == "01234");
}

namespace {

// Writes so many bytes, no faster than the client takes them.
class Stream : public ExchangeTask {
 public:
  Stream(Exchange& exchange, std::size_t size, std::atomic<std::size_t>& written, std::promise<void>& destroyed)
      : exchange_(exchange), left_(size), written_(written), destroyed_(destroyed) {
    exchange_.start_response({.status = 200}, std::nullopt);
    go_on();
  }
  ~Stream() override { destroyed_.set_value(); }
  void on_writable() override { go_on(); }

 private:
  void go_on() {
    while (left_ > 0 && !exchange_.is_congested()) {
      const std::string piece(std::min<std::size_t>(left_, 10'000), 's');
      exchange_.write(piece);
      left_ -= piece.size();
      written_ += piece.size();
    }
    if (left_ == 0) exchange_.finish();
  }

  Exchange& exchange_;
  std::size_t left_;
  std::atomic<std::size_t>& written_;
  std::promise<void>& destroyed_;
};

constexpr std::size_t kLong = 64 << 20;

}  // namespace

TEST_CASE("a stream goes no faster than its client, and arrives whole", "[frontend]") {
  std::atomic<std::size_t> written{0};
  std::promise<void> destroyed;
  TestServer server([&](Exchange& exchange) { return std::make_unique<Stream>(exchange, kLong, written, destroyed); });
  Client client = server.connect(4096);
  client.send(kGet);
  const Answer answer = client.read();
  CHECK(answer.is_whole);
  CHECK(answer.body.size() == kLong);
  destroyed.get_future().wait();
}

TEST_CASE("a client that takes nothing is cut off, and little was kept for it", "[frontend]") {
  std::atomic<std::size_t> written{0};
  std::promise<void> destroyed;
  ServerOptions options;
  options.write_timeout = 50ms;
  TestServer server([&](Exchange& exchange) { return std::make_unique<Stream>(exchange, kLong, written, destroyed); },
                    options);
  Client client = server.connect(4096);
  client.send(kGet);
  destroyed.get_future().wait();
  CHECK(server.limit_count(metrics::Limit::WriteTimeout) == 1);
  CHECK(server.connection_count() == 0);
  CHECK(written < kLong / 4);  // Most of it in the kernel's buffers.
  CHECK_FALSE(client.read().is_whole);
}

TEST_CASE("a stream that finds the queue full of earlier answers is told when it may write", "[frontend]") {
  std::atomic<std::size_t> written{0};
  std::promise<void> destroyed;
  // As large as fits before a connection stops to parse; the head of the stream is what fills the queue.
  const Ref<const Body> body(new Body(std::string(256 * 1024 - 120, 'b')));
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    if (exchange.request().target == "/stream")
      return std::make_unique<Stream>(exchange, 1'000'000, written, destroyed);
    exchange.respond({.status = 200, .body = body->text, .owner = body});
    return nullptr;
  });
  Client client = server.connect();
  client.send(std::string(kGet) + "GET /stream HTTP/1.1\r\nhost: x\r\n\r\n");
  CHECK(client.read().body.size() == body->text.size());
  CHECK(client.read().body.size() == 1'000'000);
}

// ---- Request bodies ----

TEST_CASE("a request body comes as it was sent, and the next request after it", "[frontend][rfc9112 6]") {
  TestServer server(echo);
  Client client = server.connect();
  const std::string large(300'000, 'u');
  client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 300000\r\n\r\n" + large);
  CHECK(client.read().body == large);
  client.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n" +
              std::string(kGet));
  CHECK(client.read().body == "abcdefg");
  CHECK(client.read().body == "/a");
}

TEST_CASE("100 Continue is sent when the body is wanted, not before", "[frontend][rfc9110 10.1.1]") {
  TestServer server(echo);
  Client client = server.connect();
  client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n");
  CHECK(client.read(false).status == 100);
  client.send("abc");
  CHECK(client.read().body == "abc");

  TestServer refusing(answer_target);
  Client refused = refusing.connect();
  refused.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n");
  const Answer answer = refused.read();
  CHECK(answer.status == 200);
  CHECK(answer.says("connection: close"));
  CHECK(refused.is_at_end());
}

namespace {

// Pauses at the first piece, until somebody else has it go on.
class Pausing : public ExchangeTask {
 public:
  Pausing(Exchange& exchange, std::promise<Exchange*>& paused, std::atomic<std::size_t>& bytes)
      : exchange_(exchange), paused_(paused), bytes_(bytes) {
    exchange.read_body();
  }
  void on_body(std::string_view piece) override {
    if (bytes_ == 0) {
      exchange_.pause_body();
      paused_.set_value(&exchange_);
    }
    bytes_ += piece.size();
  }
  void on_body_end() override { exchange_.respond({.status = 200, .body = "all read"}); }

 private:
  Exchange& exchange_;
  std::promise<Exchange*>& paused_;
  std::atomic<std::size_t>& bytes_;
};

// Answers when the first piece of the body has come.
class Impatient : public ExchangeTask {
 public:
  explicit Impatient(Exchange& exchange) : exchange_(exchange) { exchange.read_body(); }
  void on_body(std::string_view) override { answer_target(exchange_); }

 private:
  Exchange& exchange_;
};

}  // namespace

TEST_CASE("a paused request body is not read, and comes when it is wanted again", "[frontend]") {
  std::promise<Exchange*> paused;
  std::atomic<std::size_t> read{0};
  ServerOptions options;
  options.body_bytes_max = kLong;
  TestServer server([&](Exchange& exchange) { return std::make_unique<Pausing>(exchange, paused, read); }, options);
  Client client = server.connect();
  client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: " + std::to_string(kLong) + "\r\n\r\n");
  const std::string body(kLong, 'u');
  std::size_t sent = client.send_some(body);
  Exchange* const exchange = paused.get_future().get();
  sent += client.send_some(std::string_view(body).substr(sent));
  CHECK(sent < kLong);  // The kernel has what it takes, and we no more than one read.
  server.on_loop([&](Server&) {
    CHECK(read <= 64 * 1024);
    exchange->read_body();
  });
  CHECK(client.send(std::string_view(body).substr(sent)));
  CHECK(client.read().body == "all read");
  CHECK(read == kLong);
}

TEST_CASE("an answer that is early reaches a client that is still sending", "[frontend][rfc9112 9.6]") {
  const bool at_once = GENERATE(true, false);
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    if (at_once) return answer_target(exchange);
    return std::make_unique<LaterTask>(exchange, [](Exchange& later) { answer_target(later); });
  });
  Client client = server.connect();
  client.send("PUT /early HTTP/1.1\r\nhost: x\r\ncontent-length: 8000000\r\n\r\n");
  CHECK(client.send(std::string(8'000'000, 'u')));
  client.end_sending();
  const Answer answer = client.read();
  CHECK(answer.body == "/early");
  CHECK(answer.says("connection: close"));
  CHECK(client.is_at_end());
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("an answer in the middle of an upload says that the connection ends", "[frontend][rfc9112 9.6]") {
  TestServer server([](Exchange& exchange) { return std::make_unique<Impatient>(exchange); });
  Client client = server.connect();
  client.send("PUT /early HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n01234");
  const Answer answer = client.read();
  CHECK(answer.body == "/early");
  CHECK(answer.says("connection: close"));
  CHECK(client.is_at_end());
}

// ---- Ends ----

TEST_CASE("a client that hangs up ends what was begun for it", "[frontend]") {
  std::promise<void> begun, destroyed;
  TestServer server([&](Exchange&) {
    begun.set_value();
    return std::make_unique<Forever>(destroyed);
  });
  Client client = server.connect();
  client.send(kGet);
  begun.get_future().wait();
  client.hang_up();
  destroyed.get_future().wait();
  CHECK(server.connection_count() == 0);
  CHECK(server.metrics.client_aborts.value() == 1);
  CHECK(server.log().find("\"status\":0") != std::string::npos);
}

TEST_CASE("a client that ends its side after a request that is answered at once gets the answer", "[frontend]") {
  TestServer server(answer_target);
  Client client = server.connect();
  client.send(std::string(kGet) + std::string(kGet));
  client.end_sending();
  CHECK(client.read().body == "/a");
  CHECK(client.read().body == "/a");
  CHECK(client.is_at_end());
}

TEST_CASE("a client that ends its side in the middle of a request is let go", "[frontend]") {
  TestServer server(echo);
  for (const char* part : {"", "GET / HT", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nabc"}) {
    Client client = server.connect();
    client.send(part);
    client.end_sending();
    CHECK(client.is_at_end());
  }
}

TEST_CASE("a malformed request is refused and ends the connection", "[frontend][rfc9112 2.2]") {
  TestServer server(answer_target);
  Client client = server.connect();
  client.send(std::string(kGet) + "nonsense\r\n\r\n" + std::string(kGet));
  CHECK(client.read().status == 200);
  const Answer answer = client.read();
  CHECK(answer.status >= 400);
  CHECK(answer.says("connection: close"));
  CHECK(answer.head.find("\r\nproxy-status: ") != std::string::npos);
  CHECK(client.is_at_end());
  CHECK(server.metrics.malformed_requests.value() == 1);
}

TEST_CASE("a client that closes its side after its last request gets all of a large answer", "[frontend]") {
  TestServer server([](Exchange& exchange) {
    const Ref<const Body> body(new Body(std::string(8'000'000, 'x')));
    exchange.respond({.status = 200, .body = body->text, .owner = body});
    return nullptr;
  });
  Client client = server.connect(4096);
  client.send("GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  client.end_sending();
  CHECK(client.read().body.size() == 8'000'000);
}
