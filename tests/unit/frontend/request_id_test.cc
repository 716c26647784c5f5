#include "frontend/request_id.h"

#include "support/catch.h"
#include "unit/frontend/test_server.h"

using namespace edge;
using namespace edge::frontend;

namespace {

// What `exchange` says of its request, as the answer's body.
std::unique_ptr<ExchangeTask> tell_id(Exchange& exchange) {
  const std::string first(exchange.request_id().view());
  exchange.respond({.body = first + " " + std::string(exchange.request_id().view())});
  return nullptr;
}

ServerOptions behind_a_proxy() {
  ServerOptions options;
  auto access = make_client_access({.trusted_proxies = {"127.0.0.1"}});
  REQUIRE(access);
  options.access = std::make_shared<const ClientAccess>(*std::move(access));
  return options;
}

std::string id_of(Client& client, std::string_view fields = {}) {
  client.send("GET /a HTTP/1.1\r\nhost: x\r\n" + std::string(fields) + "\r\n");
  const std::string body = client.read().body;
  const std::string first = body.substr(0, body.find(' '));
  CHECK(body == first + " " + first);  // Asked for twice, it is the same.
  return first;
}

}  // namespace

TEST_CASE("a request id is a prefix and a number, in hex", "[frontend][request_id]") {
  CHECK(RequestId(0xAB, 1).view() == "00000000000000ab-1");
  CHECK(RequestId(~0ull, ~0ull).view() == "ffffffffffffffff-ffffffffffffffff");
  CHECK(RequestId("given").view() == "given");
}

TEST_CASE("what may stand in logs is 1 to 128 visible characters", "[frontend][request_id]") {
  CHECK(is_request_id("a"));
  CHECK(is_request_id("!~"));
  CHECK(is_request_id(std::string(128, 'a')));
  CHECK_FALSE(is_request_id(""));
  CHECK_FALSE(is_request_id(std::string(129, 'a')));
  CHECK_FALSE(is_request_id("a b"));
  CHECK_FALSE(is_request_id("a\tb"));
  CHECK_FALSE(is_request_id("\x7F"));
  CHECK_FALSE(is_request_id("gr\xC3\xBC\xC3\x9F"));
}

TEST_CASE("two that number requests share no prefix", "[frontend][request_id]") {
  CHECK(RequestIds().prefix() != RequestIds().prefix());
}

TEST_CASE("each request has an id of its own, whatever its client says", "[frontend][request_id]") {
  TestServer server(tell_id);
  Client client = server.connect();
  const std::string first = id_of(client, "x-request-id: mine\r\n");
  const std::string second = id_of(client);
  CHECK(first != second);
  CHECK(first.substr(0, 17) == second.substr(0, 17));
  CHECK(server.logs("\"request_id\":\"" + first + "\""));
  CHECK(server.logs("\"request_id\":\"" + second + "\""));
}

TEST_CASE("a request whose id nobody asks for takes no number", "[frontend][request_id]") {
  TestServer server([](Exchange& exchange) -> std::unique_ptr<ExchangeTask> {
    exchange.respond({.body = "ok"});
    return nullptr;
  });
  server.set_log_mode(AccessLogMode::Off);
  Client client = server.connect();
  client.send("GET /a HTTP/1.1\r\nhost: x\r\n\r\n");
  REQUIRE(client.read().status == 200);
  server.on_loop([](Server& it) { CHECK(it.request_ids().next() == 1); });
}

TEST_CASE("an id that a trusted proxy gave is kept, where it may stand in logs", "[frontend][request_id]") {
  TestServer server(tell_id, behind_a_proxy());
  Client client = server.connect();
  CHECK(id_of(client, "X-Request-ID: of-the-proxy\r\n") == "of-the-proxy");
  CHECK(server.logs("\"request_id\":\"of-the-proxy\""));
  CHECK(id_of(client, "x-request-id: two words\r\n").find('-') == 16);
  CHECK(id_of(client, "x-request-id: one\r\nx-request-id: two\r\n").find('-') == 16);
  CHECK(id_of(client).find('-') == 16);
}

TEST_CASE("what we refuse names the request's id, in the answer's head and body", "[frontend][request_id]") {
  TestServer server(tell_id, behind_a_proxy());
  Client client = server.connect();
  client.send("CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n");
  const Answer answer = client.read();
  const std::size_t at = answer.head.find("\r\nx-request-id: ");
  REQUIRE(at != std::string::npos);
  const std::string id = answer.head.substr(at + 16, answer.head.find("\r\n", at + 2) - at - 16);
  CHECK(answer.body.find("\nrequest " + id + "\n") != std::string::npos);
  CHECK(server.logs("\"request_id\":\"" + id + "\""));
}
