#include "frontend/server.h"

#include "support/catch.h"
#include "unit/frontend/test_handlers.h"
#include "unit/frontend/test_server.h"

using namespace edge;
using namespace edge::frontend;
using metrics::Limit;

namespace {

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nhost: x\r\n\r\n";

std::unique_ptr<ExchangeTask> answer_ok(Exchange& exchange) {
  exchange.respond({.status = 200, .body = "ok"});
  return nullptr;
}

// Reads a request body and answers at its end.
class Reader : public ExchangeTask {
 public:
  explicit Reader(Exchange& exchange) : exchange_(exchange) { exchange.read_body(); }
  void on_body_end() override { answer_ok(exchange_); }

 private:
  Exchange& exchange_;
};

std::unique_ptr<ExchangeTask> read_and_answer(Exchange& exchange) {
  if (!exchange.has_body()) return answer_ok(exchange);
  return std::make_unique<Reader>(exchange);
}

}  // namespace

// ---- Limits ----

TEST_CASE("while a server does not accept, who connects waits and is answered when it does again", "[frontend]") {
  TestServer server(answer_ok);
  Client early = server.connect();
  REQUIRE((early.send(kGet) && early.read().status == 200));
  server.on_loop([](Server& it) { it.set_accepting(false); });
  Client late = server.connect();
  REQUIRE(late.send(kGet));
  // Those that are there already go on; in each of these turns the other could have been accepted.
  for (int i = 0; i < 3; ++i) REQUIRE((early.send(kGet) && early.read().status == 200));
  CHECK(server.connection_count() == 1);
  server.on_loop([](Server& it) { it.set_accepting(true); });
  CHECK(late.read().status == 200);
  CHECK(server.connection_count() == 2);
}

TEST_CASE("an answer that is finished is sent, though all connections are closed in the same turn", "[frontend]") {
  for (const std::string_view wish : {"keep-alive", "close"}) {
    Held held;
    TestServer server(held.script());
    Client client = server.connect();
    client.send("GET /a HTTP/1.1\r\nhost: x\r\nconnection: " + std::string(wish) + "\r\n\r\n");
    held.wait();
    server.on_loop([&](Server& it) {
      held.finish();
      it.close_all();
    });
    CHECK(client.read().body == "ok");
    CHECK(client.is_at_end());
  }
}

TEST_CASE("a request beyond a limit is refused, and the limit's counter says so", "[frontend]") {
  ServerOptions options;
  options.header_bytes_max = 1000;
  options.header_count_max = 10;
  options.target_bytes_max = 100;
  options.body_bytes_max = 1000;
  TestServer server(read_and_answer, options);
  std::string many;
  for (int i = 0; i < 11; ++i) many += "x: y\r\n";
  const struct {
    std::string request;
    int status;
    Limit limit;
  } cases[] = {
      {"GET /" + std::string(200, 'a') + " HTTP/1.1\r\nhost: x\r\n\r\n", 414, Limit::TargetLength},
      {"GET / HTTP/1.1\r\nhost: x\r\nx: " + std::string(2000, 'a') + "\r\n\r\n", 431, Limit::HeaderBytes},
      {"GET / HTTP/1.1\r\nhost: x\r\n" + many + "\r\n", 431, Limit::HeaderCount},
      {"PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n", 413, Limit::BodyBytes},
      {"PUT / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'a'), 413,
       Limit::BodyBytes},
  };
  for (const auto& each : cases) {
    const std::uint64_t before = server.limit_count(each.limit);
    Client client = server.connect();
    client.send(each.request);
    const Answer answer = client.read();
    CHECK(answer.status == each.status);
    CHECK(answer.says("connection: close"));
    CHECK(client.is_at_end());
    CHECK(server.limit_count(each.limit) == before + 1);
  }
  CHECK(server.log().find("\"status\":414") != std::string::npos);
}

TEST_CASE("a connection has so many requests and no more", "[frontend]") {
  ServerOptions options;
  options.requests_per_connection_max = 2;
  TestServer server(answer_ok, options);
  Client client = server.connect();
  client.send(std::string(kGet) + std::string(kGet) + std::string(kGet));
  CHECK_FALSE(client.read().says("connection: close"));
  CHECK(client.read().says("connection: close"));
  CHECK(client.is_at_end());
  CHECK(server.limit_count(Limit::RequestsPerConnection) == 1);
}

TEST_CASE("one connection too many is told 503 and closed", "[frontend]") {
  ServerOptions options;
  options.connections_max = 1;
  TestServer server(answer_ok, options);
  Client first = server.connect();
  first.send(kGet);
  CHECK(first.read().status == 200);
  Client second = server.connect();
  const Answer answer = second.read();
  CHECK(answer.status == 503);
  CHECK(answer.says("retry-after: 1"));
  CHECK(second.is_at_end());
  CHECK(server.limit_count(Limit::Connections) == 1);
  first.send(kGet);
  CHECK(first.read().status == 200);
}

TEST_CASE("a request head that does not come to its end is answered 408", "[frontend]") {
  ServerOptions options;
  options.header_timeout = 30ms;
  TestServer server(answer_ok, options);
  Client client = server.connect();
  client.send(std::string(kGet) + "GET / HTTP/1.1\r\nhos");
  CHECK(client.read().status == 200);
  CHECK(client.read().status == 408);
  CHECK(client.is_at_end());
  CHECK(server.limit_count(Limit::HeaderTimeout) == 1);
}

TEST_CASE("a request body that does not come to its end is answered 408", "[frontend]") {
  ServerOptions options;
  options.body_timeout = 30ms;
  TestServer server(read_and_answer, options);
  Client client = server.connect();
  client.send("PUT / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nabc");
  CHECK(client.read().status == 408);
  CHECK(client.is_at_end());
  CHECK(server.limit_count(Limit::BodyTimeout) == 1);
}

TEST_CASE("an idle connection is closed, whether or not it had a request", "[frontend]") {
  const bool had_one = GENERATE(true, false);
  ServerOptions options;
  options.idle_timeout = options.header_timeout = 30ms;
  TestServer server(answer_ok, options);
  Client client = server.connect();
  if (had_one) {
    client.send(kGet);
    CHECK(client.read().status == 200);
  }
  CHECK(client.is_at_end());
  CHECK(server.limit_count(Limit::IdleTimeout) == 1);
}

TEST_CASE("an exchange that takes its time is not idle", "[frontend]") {
  ServerOptions options;
  options.idle_timeout = options.header_timeout = options.body_timeout = options.write_timeout = 20ms;
  Held held;
  TestServer server(held.script(), options);
  Client client = server.connect();
  client.send(kGet);
  held.wait();
  // Another connection is closed for idleness, so all these times have passed.
  CHECK(server.connect().is_at_end());
  held.answer(server);
  CHECK(client.read().status == 200);
}

TEST_CASE("a reload holds for requests that begin afterwards", "[frontend]") {
  TestServer server(answer_ok);
  Client client = server.connect();
  client.send(kGet);
  CHECK(client.read().status == 200);
  ServerOptions options;
  options.target_bytes_max = 1;
  server.on_loop([&](Server& running) { running.reload(options); });
  client.send(kGet);
  CHECK(client.read().status == 414);
}

// ---- Drain ----

TEST_CASE("a drain with nothing open is over in a later turn", "[frontend][drain]") {
  TestServer server(answer_ok);
  std::promise<void> drained;
  bool at_once = true;
  server.on_loop([&](Server& running) {
    running.drain([&] { drained.set_value(); });
    at_once = false;
  });
  drained.get_future().wait();
  CHECK_FALSE(at_once);
}

TEST_CASE("a request that comes when a drain has begun is answered, as the last of its connection",
          "[frontend][drain]") {
  ServerOptions options;
  options.drain_idle_timeout = 1h;
  TestServer server(answer_ok, options);
  Client idle = server.connect(), fresh = server.connect();
  idle.send(kGet);
  CHECK(idle.read().status == 200);
  while (server.connection_count() < 2) {
  }
  server.on_loop([](Server& running) { running.drain([] {}); });
  for (Client* client : {&idle, &fresh}) {
    client->send(kGet);
    const Answer answer = client->read();
    CHECK(answer.status == 200);
    CHECK(answer.says("connection: close"));
    CHECK(client->is_at_end());
  }
}

TEST_CASE("a drain closes what stays idle and lets an exchange finish", "[frontend][drain]") {
  Held held;
  std::atomic<bool> holds{false};
  const auto script = held.script();
  ServerOptions options;
  options.drain_idle_timeout = 10ms;
  TestServer server(
      [&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
        return holds ? script(exchange) : answer_ok(exchange);
      },
      options);
  Client idle = server.connect(), fresh = server.connect(), busy = server.connect(), half = server.connect();
  idle.send(kGet);
  CHECK(idle.read().status == 200);
  half.send(std::string(kGet) + "GET / HTTP/1.1\r\n");
  CHECK(half.read().status == 200);
  holds = true;
  busy.send(kGet);
  held.wait();
  while (server.connection_count() < 4) {
  }

  std::promise<void> drained;
  std::future<void> is_drained = drained.get_future();
  server.on_loop([&](Server& running) { running.drain([&] { drained.set_value(); }); });
  CHECK(idle.is_at_end());
  CHECK(fresh.is_at_end());
  CHECK(is_drained.wait_for(0s) == std::future_status::timeout);

  holds = false;
  half.send("host: x\r\n\r\n");
  CHECK(half.read().says("connection: close"));
  CHECK(half.is_at_end());
  held.answer(server);
  const Answer answer = busy.read();
  CHECK(answer.status == 200);
  CHECK(answer.says("connection: close"));
  CHECK(busy.is_at_end());
  idle.hang_up();
  half.hang_up();
  busy.hang_up();
  is_drained.wait();
  CHECK(server.connection_count() == 0);
}

TEST_CASE("close_all ends every connection, and tells who waits for an answer", "[frontend][drain]") {
  Held held;
  TestServer server(held.script());
  Client busy = server.connect();
  busy.send(kGet);
  held.wait();
  Client fresh = server.connect();
  while (server.connection_count() < 2) {
  }
  server.on_loop([](Server& running) { running.close_all(); });
  CHECK(busy.read().status == 503);
  CHECK(busy.is_at_end());
  CHECK(fresh.is_at_end());
  CHECK(server.connection_count() == 0);
  CHECK(server.metrics.connections_open.value() == 0);
}
