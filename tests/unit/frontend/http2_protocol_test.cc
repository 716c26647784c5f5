#include "frontend/http2_protocol.h"

#include <atomic>

#include "support/catch.h"
#include "unit/frontend/http2_client.h"
#include "unit/frontend/test_handlers.h"

using namespace edge;
using namespace edge::frontend;

namespace {

std::unique_ptr<ExchangeTask> answer_much(Exchange& exchange) {
  const Ref<const Body> body(new Body(std::string(300'000, 'x')));
  exchange.respond({.status = 200, .body = body->text, .owner = body});
  return nullptr;
}

// Streams `size` bytes in pieces, stopping while the exchange is congested.
class Flow : public ExchangeTask {
 public:
  Flow(Exchange& exchange, std::size_t size, std::atomic<std::size_t>& written)
      : exchange_(exchange), left_(size), written_(written), deferred_(exchange.loop(), [this] { go_on(); }) {
    exchange_.start_response({.status = 200}, std::nullopt);
    deferred_.schedule();
  }
  void on_writable() override { deferred_.schedule(); }

 private:
  void go_on() {
    while (left_ > 0 && !exchange_.is_congested()) {
      const std::size_t size = std::min<std::size_t>(left_, 10'000);
      left_ -= size;
      written_ += size;
      exchange_.write(std::string(size, 'f'));
    }
    if (left_ == 0) exchange_.finish();
  }

  Exchange& exchange_;
  std::size_t left_;
  std::atomic<std::size_t>& written_;
  event::Deferred deferred_;
};

std::string raw_frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string frame;
  for (const int shift : {16, 8, 0}) frame += static_cast<char>(payload.size() >> shift);
  frame += static_cast<char>(type);
  frame += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>(stream >> shift);
  return frame.append(payload);
}

}  // namespace

TEST_CASE("many requests are answered on one connection", "[frontend][rfc9113]") {
  TestServer server(answer_target);
  Http2Client client(server.connect());
  std::vector<std::int32_t> asked;
  for (int i = 0; i < 50; ++i) asked.push_back(client.get("/" + std::to_string(i)));
  for (int i = 0; i < 50; ++i) {
    const Http2Answer& answer = client.answer(asked[static_cast<std::size_t>(i)]);
    CHECK(answer.status == 200);
    CHECK(answer.body == "/" + std::to_string(i));
    CHECK(answer.field("x-test") == "1");
    CHECK(answer.field("content-length") == std::to_string(answer.body.size()));
    CHECK_FALSE(answer.field("date").empty());
    CHECK(answer.error == 0);
  }
  CHECK(server.metrics.requests[metrics::Outcome::Hit].value() == 50);
}

TEST_CASE("the preface may come byte by byte, and so may all that follows", "[frontend][rfc9113 3.4]") {
  TestServer server(answer_target);
  Http2Client client(server.connect());
  std::string bytes;
  const std::vector<std::pair<std::string, std::string>> fields{
      {":method", "GET"}, {":scheme", "http"}, {":authority", "x"}, {":path", "/slowly"}};
  std::vector<nghttp2_nv> list;
  for (const auto& [name, value] : fields)
    list.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                    reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), 0});
  const std::int32_t id = nghttp2_submit_request(client.session(), nullptr, list.data(), list.size(), nullptr, nullptr);
  const std::uint8_t* data = nullptr;
  for (auto size = nghttp2_session_mem_send(client.session(), &data); size > 0;
       size = nghttp2_session_mem_send(client.session(), &data))
    bytes.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
  for (const char byte : bytes) {
    client.connection().send({&byte, 1});
    server.on_loop([](Server&) {});
  }
  CHECK(client.answer(id).body == "/slowly");
}

TEST_CASE("what only begins like the preface is HTTP/1", "[frontend]") {
  TestServer server(answer_target);
  Client client = server.connect();
  client.send("P");
  server.on_loop([](Server&) {});
  client.send("OST /x HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n");
  CHECK(client.read().body == "/x");
}

TEST_CASE("the answers to HEAD, 204 and 304 have no body", "[frontend][rfc9113 8.1]") {
  TestServer server([](Exchange& exchange) {
    const std::string_view target = exchange.request().target;
    exchange.respond({.status = static_cast<std::uint16_t>(std::stoi(std::string(target.substr(1)))), .body = "12345"});
    return nullptr;
  });
  Http2Client client(server.connect());
  const Http2Answer head = client.answer(client.ask("HEAD", "/200"));
  CHECK(head.status == 200);
  CHECK(head.field("content-length") == "5");
  CHECK(head.body.empty());
  for (const char* path : {"/204", "/304"}) {
    const Http2Answer answer = client.answer(client.get(path));
    CHECK(answer.body.empty());
    CHECK(answer.field("content-length").empty());
    CHECK(answer.error == 0);
  }
}

TEST_CASE("a request body comes as the handler reads it", "[frontend]") {
  TestServer server(echo);
  Http2Client client(server.connect());
  std::string body;
  for (int i = 0; i < 1'000'000; ++i) body += static_cast<char>('a' + i % 26);
  CHECK(client.answer(client.ask("PUT", "/x", {}, &body)).body == body);
  CHECK(server.metrics.request_body_bytes.value() == body.size());
}

TEST_CASE("a client that waits to be asked for its body is asked", "[frontend][rfc9110 10.1.1]") {
  TestServer server(echo);
  Http2Client client(server.connect());
  const std::string body = "hello";
  const Http2Answer& answer = client.answer(client.ask("PUT", "/x", {{"expect", "100-continue"}}, &body));
  CHECK(answer.interim == std::vector<int>{100});
  CHECK(answer.body == body);
}

TEST_CASE("a request whose body is declared empty has none, before its end has come", "[frontend]") {
  TestServer server([](Exchange& exchange) {
    exchange.respond({.status = static_cast<std::uint16_t>(exchange.has_body() ? 500 : 200)});
    return nullptr;
  });
  Http2Client client(server.connect());
  client.send();
  // A GET with content-length: 0, and no end of the stream.
  client.connection().send(raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1,
                                     std::string_view("\x82\x86\x84\x41\x01x\x0f\x0d\x01\x30", 10)));
  CHECK(server.logs("\"status\":200"));
}

TEST_CASE("a request stands for as long as its task, also when its client has reset it", "[frontend]") {
  std::promise<void> started;
  std::promise<std::string> seen_at_the_end;
  struct Watching : ExchangeTask {
    Watching(Exchange& exchange, std::promise<std::string>& seen) : exchange_(exchange), seen_(seen) {}
    ~Watching() override { seen_.set_value(std::string(exchange_.request().target)); }
    Exchange& exchange_;
    std::promise<std::string>& seen_;
  };
  TestServer server([&](Exchange& exchange) {
    started.set_value();
    return std::make_unique<Watching>(exchange, seen_at_the_end);
  });
  Http2Client client(server.connect());
  const std::int32_t id = client.get("/watched");
  // What is reset together with its request is never started.
  started.get_future().wait();
  client.reset(id);
  CHECK(seen_at_the_end.get_future().get() == "/watched");
}

TEST_CASE("more requests at once than may be made are counted, and the client loses its connection", "[frontend]") {
  ServerOptions options;
  options.http2.streams_max = 3;
  TestServer server([](Exchange&) { return std::make_unique<ExchangeTask>(); }, options);
  Http2Client client(server.connect());
  client.send();
  // Its acknowledgement of the settings goes out with what it reads.
  REQUIRE(client.read_until([&] {
    return nghttp2_session_get_remote_settings(client.session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS) == 3;
  }));
  std::string frames;
  for (std::uint32_t id = 1; id <= 7; id += 2)
    frames +=
        raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, "\x82\x86\x84\x41\x01x");
  client.connection().send(frames);
  client.read_to_end();
  REQUIRE(client.goaways().size() == 1);
  CHECK(client.goaways()[0].second == NGHTTP2_PROTOCOL_ERROR);
  CHECK(server.limit_count(metrics::Limit::Http2Streams) == 1);
}

TEST_CASE("requests that the client makes us reset count as those that it resets", "[frontend]") {
  TestServer server(echo);
  Http2Client client(server.connect());
  client.send();
  // A length of 1, and two bytes; not more at once than may be under way.
  for (std::uint32_t id = 1; id < 1'000; id += 2) {
    client.connection().send(raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, id,
                                       std::string_view("\x82\x86\x84\x41\x01x\x0f\x0d\x01\x31", 10)) +
                             raw_frame(NGHTTP2_DATA, 0, id, "12"));
    server.on_loop([](Server&) {});
  }
  // nghttp2's client would not bear answers to what it has not asked.
  client.connection().read_to_end();
  CHECK(server.limit_count(metrics::Limit::Http2Resets) == 1);
}

TEST_CASE("a body that is too large is refused, declared or not", "[frontend]") {
  TestServer server(echo, {.body_bytes_max = 1000});
  Http2Client client(server.connect());
  const std::string body(2000, 'x');
  CHECK(client.answer(client.ask("PUT", "/x", {{"content-length", "2000"}}, &body)).status == 413);
  CHECK(client.answer(client.ask("PUT", "/x", {}, &body)).status == 413);
  CHECK(client.answer(client.get("/still-there")).body == "/still-there");
  CHECK(server.limit_count(metrics::Limit::BodyBytes) == 2);
}

TEST_CASE("a slow reader of one answer holds up no other", "[frontend][rfc9113 5.2]") {
  std::atomic<std::size_t> written = 0;
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    if (exchange.request().target == "/flow") return std::make_unique<Flow>(exchange, 1'000'000, written);
    return answer_target(exchange);
  });
  Http2Client client(server.connect(), {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 1000}});
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, 0, 2'000'000);
  const std::int32_t flow = client.get("/flow");
  REQUIRE(client.read_until([&] { return client.so_far(flow).body.size() >= 1000; }));
  CHECK(client.answer(client.get("/other")).body == "/other");
  // As much as may wait, and no more.
  CHECK(written < 100'000);
  nghttp2_session_set_local_window_size(client.session(), NGHTTP2_FLAG_NONE, flow, 1'000'000);
  client.send();
  const Http2Answer& answer = client.answer(flow);
  CHECK(answer.body.size() == 1'000'000);
  CHECK(answer.error == 0);
}

TEST_CASE("what the origin breaks off is reset, not ended", "[frontend]") {
  TestServer server([](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.start_response({.status = 200}, 100);
    exchange.write("some");
    return std::make_unique<LaterTask>(exchange, [](Exchange& later) { later.finish(); });
  });
  Http2Client client(server.connect());
  const Http2Answer& answer = client.answer(client.get("/x"));
  CHECK(answer.error == NGHTTP2_INTERNAL_ERROR);
  CHECK(server.logs("\"complete\":false"));
}

TEST_CASE("a request that its client resets is over for the handler as well", "[frontend]") {
  std::promise<void> destroyed;
  TestServer server([&](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    if (exchange.request().target == "/forever") return std::make_unique<Forever>(destroyed);
    return answer_target(exchange);
  });
  Http2Client client(server.connect());
  const std::int32_t id = client.get("/forever");
  CHECK(client.answer(client.get("/other")).status == 200);
  client.reset(id);
  destroyed.get_future().wait();
  CHECK(client.answer(client.get("/another")).status == 200);
  server.on_loop([](Server&) {});
  CHECK(server.metrics.client_aborts.value() == 1);
}

TEST_CASE("a client that leaves ends all its requests", "[frontend]") {
  std::promise<void> started;
  std::promise<void> destroyed;
  TestServer server([&](Exchange&) {
    started.set_value();
    return std::make_unique<Forever>(destroyed);
  });
  {
    Http2Client client(server.connect());
    client.get("/forever");
    started.get_future().wait();
  }
  destroyed.get_future().wait();
  server.on_loop([](Server&) {});
  CHECK(server.metrics.client_aborts.value() == 1);
}

TEST_CASE("a connection that drains says so twice, and answers what came before", "[frontend][rfc9113 6.8]") {
  Held held;
  TestServer server(held.script());
  Http2Client client(server.connect());
  const std::int32_t id = client.get("/held");
  held.wait();
  server.on_loop([](Server& s) { s.drain([] {}); });
  REQUIRE(client.read_until([&] { return client.goaways().size() == 2; }));
  CHECK(client.goaways()[0] == std::pair{0x7fffffff, 0u});
  CHECK(client.goaways()[1] == std::pair{id, 0u});
  held.answer(server, "at last");
  CHECK(client.answer(id).body == "at last");
  client.read_to_end();
}

TEST_CASE("a stream that is cut off is reset, and the connection says goodbye", "[frontend][drain]") {
  Held held;
  TestServer server(held.script());
  Http2Client client(server.connect());
  const std::int32_t id = client.get("/held");
  held.wait();
  server.on_loop([](Server& s) { s.close_all(); });
  client.read_to_end();
  CHECK(client.answer(id).error == NGHTTP2_CANCEL);
  REQUIRE(client.goaways().size() == 1);
  CHECK(client.goaways()[0] == std::pair{id, 0u});
  CHECK(server.metrics.connections_open.value() == 0);
}

TEST_CASE("a connection has had enough requests and says so", "[frontend]") {
  TestServer server(answer_target, {.requests_per_connection_max = 3});
  Http2Client client(server.connect());
  for (int i = 0; i < 3; ++i) CHECK(client.answer(client.get("/x")).status == 200);
  client.read_to_end();
  CHECK(client.goaways().front() == std::pair{0x7fffffff, 0u});
  CHECK(server.limit_count(metrics::Limit::RequestsPerConnection) == 1);
}

TEST_CASE("a connection on which nobody asks is closed", "[frontend]") {
  TestServer server(answer_target, {.idle_timeout = 50ms});
  Http2Client client(server.connect());
  CHECK(client.answer(client.get("/x")).status == 200);
  client.read_to_end();
  REQUIRE(client.goaways().size() == 1);
  CHECK(client.goaways()[0].second == NGHTTP2_NO_ERROR);
  CHECK(server.limit_count(metrics::Limit::IdleTimeout) == 1);
}

TEST_CASE("a head that does not come to its end ends the connection", "[frontend]") {
  TestServer server(answer_target, {.header_timeout = 50ms});
  Http2Client client(server.connect());
  client.send();
  // :method GET and no END_HEADERS.
  client.connection().send(raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_STREAM, 1, "\x82"));
  client.connection().read_to_end();
  CHECK(server.limit_count(metrics::Limit::HeaderTimeout) == 1);
}

TEST_CASE("a body that does not come is waited for so long", "[frontend]") {
  TestServer server(echo, {.body_timeout = 50ms});
  Http2Client client(server.connect());
  client.send();
  // :method GET, :scheme http, :path /, :authority x, and no end of the stream.
  client.connection().send(raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, "\x82\x86\x84\x41\x01x"));
  const std::string answer = client.connection().read_some();
  CHECK_FALSE(answer.empty());
  CHECK(server.logs("\"status\":408"));
  CHECK(server.limit_count(metrics::Limit::BodyTimeout) == 1);
}

TEST_CASE("an answer that the client does not take is broken off", "[frontend]") {
  TestServer server(answer_much, {.write_timeout = 50ms});
  Http2Client client(server.connect(), {}, Http2Client::Windows::StayShut);
  CHECK(client.answer(client.get("/x")).error == NGHTTP2_CANCEL);
  CHECK(server.limit_count(metrics::Limit::WriteTimeout) == 1);
  CHECK(server.connection_count() == 1);
}

TEST_CASE("floods of frames end the connection", "[frontend][rfc9113 10.5]") {
  struct Flood {
    const char* what;
    metrics::Limit limit;
    std::string frame;
  };
  const std::vector<Flood> floods{
      {"ping", metrics::Limit::Http2Pings, raw_frame(NGHTTP2_PING, 0, 0, "12345678")},
      {"settings", metrics::Limit::Http2Settings, raw_frame(NGHTTP2_SETTINGS, 0, 0, "")},
      {"priority", metrics::Limit::Http2Priorities,
       raw_frame(NGHTTP2_PRIORITY, 0, 1, std::string_view("\0\0\0\0\x10", 5))},
      {"window update", metrics::Limit::Http2WindowUpdates,
       raw_frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string_view("\0\0\0\1", 4))},
      {"empty data", metrics::Limit::Http2EmptyFrames, raw_frame(NGHTTP2_DATA, 0, 1, "")},
  };
  // A PUT whose body is to come.
  const std::string put =
      raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, std::string_view("\x42\x03PUT\x86\x84\x41\x01x", 10));
  for (const Flood& flood : floods) {
    INFO(flood.what);
    TestServer server(echo);
    Http2Client client(server.connect());
    client.send();
    std::string frames = put;
    for (int i = 0; i < 2'000; ++i) frames += flood.frame;
    client.connection().send(frames);
    client.read_to_end();
    REQUIRE(client.goaways().size() == 1);
    CHECK(client.goaways()[0].second == NGHTTP2_ENHANCE_YOUR_CALM);
    CHECK(server.limit_count(flood.limit) == 1);
  }
}

TEST_CASE("rapid resets end the connection before they cost much", "[frontend]") {
  std::atomic<int> begun = 0;
  TestServer server([&](Exchange&) {
    ++begun;
    return std::make_unique<ExchangeTask>();
  });
  Http2Client client(server.connect());
  client.send();
  std::string frames;
  for (std::uint32_t id = 1; id < 4'000; id += 2)
    frames +=
        raw_frame(NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS | NGHTTP2_FLAG_END_STREAM, id, "\x82\x86\x84\x41\x01x") +
        raw_frame(NGHTTP2_RST_STREAM, 0, id, std::string_view("\0\0\0\x8", 4));
  client.connection().send(frames);
  client.read_to_end();
  REQUIRE(client.goaways().size() == 1);
  CHECK(client.goaways()[0].second == NGHTTP2_ENHANCE_YOUR_CALM);
  CHECK(server.limit_count(metrics::Limit::Http2Resets) == 1);
  CHECK(begun <= 200);
}
