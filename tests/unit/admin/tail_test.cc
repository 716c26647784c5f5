#include "admin/tail.h"

#include <algorithm>

#include "admin/tail_queue.h"
#include "support/catch.h"
#include "unit/frontend/test_server.h"

using namespace edge;
using namespace edge::admin;
using frontend::AccessLog;
using frontend::AccessLogMode;
using frontend::Client;

namespace {

struct KeptLines final : LineWriter {
  void write(std::string_view line) override { lines.emplace_back(line); }
  void reopen() override {}
  std::vector<std::string> lines;
};

// An access log that is off, and a server that answers GET /tail?QUERY with what comes to it.
class TestTails {
 public:
  TestTails() = default;

  Client follow(std::string_view query = {}) {
    Client client = server_.connect();
    client.send("GET /tail" + std::string(query) + " HTTP/1.1\r\nhost: x\r\n\r\n");
    return client;
  }
  // Reads as far as the head.
  static std::string head(Client& client) {
    std::string text;
    while (text.find("\r\n\r\n") == std::string::npos) text += client.read_some();
    return text;
  }
  void finish(std::string_view target, std::uint16_t status = 200) {
    if (!log.wants(status, true)) return;
    frontend::AccessRecord record;
    record.client = "192.0.2.1";
    record.target = target;
    record.status = status;
    log.write(record);
  }
  frontend::TestServer& server() { return server_; }
  // All answers end.
  void end() {
    server_.on_loop([this](frontend::Server&) { tails_.end_all("of the test"); });
  }

  KeptLines kept;
  AccessLog log{AccessLogMode::Off, kept};

 private:
  metrics::WorkerMetrics metrics_;
  Tails tails_{log, metrics_};
  frontend::TestServer server_{[this](frontend::Exchange& exchange) {
    const std::string_view target = exchange.request().target;
    return tails_.start(exchange, target.substr(std::min(target.find('?'), target.size() - 1) + 1), serving::Routes());
  }};
};

}  // namespace

TEST_CASE("a tail queue wakes its reader once until that has taken all", "[admin][tail]") {
  TailQueue queue;
  CHECK(queue.put("a"));
  CHECK_FALSE(queue.put("b"));
  CHECK(queue.take().lines == "a\nb\n");
  CHECK(queue.put("c"));
}

TEST_CASE("what does not fit a tail queue is dropped and counted", "[admin][tail]") {
  TailQueue queue;
  queue.put(std::string(TailQueue::kBytesMax - 1, 'a'));
  CHECK_FALSE(queue.put("b"));
  CHECK_FALSE(queue.put(""));
  const TailQueue::Taken taken = queue.take();
  CHECK(taken.lines.size() == TailQueue::kBytesMax);
  CHECK(taken.dropped == 2);
  CHECK(queue.put("c"));
  CHECK(queue.take().dropped == 0);
}

TEST_CASE("who follows the log gets what the filter admits, and the file none of it", "[admin][tail]") {
  TestTails tails;
  Client all = tails.follow();
  CHECK(TestTails::head(all).find("application/x-ndjson") != std::string::npos);
  Client errors = tails.follow("?filter=status%3E%3D500");
  TestTails::head(errors);
  tails.finish("/a");
  tails.finish("/b", 500);
  tails.end();
  // The heads are read already; what is left are chunks.
  const auto has = [](const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; };
  std::string text;
  while (!has(text, "\"end\"")) text += all.read_some();
  CHECK((has(text, "\"/a\"") && has(text, "\"/b\"") && has(text, "of the test")));
  text.clear();
  while (!has(text, "\"end\"")) text += errors.read_some();
  CHECK((!has(text, "\"/a\"") && has(text, "\"/b\"")));
  CHECK(tails.kept.lines.empty());
}

TEST_CASE("the log wants records of a mode that is off for as long as somebody follows", "[admin][tail]") {
  TestTails tails;
  CHECK_FALSE(tails.log.wants(500, false));
  {
    Client client = tails.follow();
    TestTails::head(client);
    CHECK(tails.log.wants(200, true));
  }
  while (tails.server().connection_count() > 0) {
  }
  tails.server().on_loop([](frontend::Server&) {});
  CHECK_FALSE(tails.log.wants(500, false));
}

TEST_CASE("who follows is told how many records were dropped", "[admin][tail]") {
  TestTails tails;
  Client client = tails.follow();
  TestTails::head(client);
  const std::string target = "/" + std::string(1000, 'a');
  // While the loop is here it takes nothing from the queue.
  tails.server().on_loop([&](frontend::Server&) {
    for (int i = 0; i < 1000; ++i) tails.finish(target);
  });
  std::string text;
  while (text.find(R"({"tail":"dropped","records":)") == std::string::npos) text += client.read_some();
}

TEST_CASE("a filter that is not understood is 400, and says why", "[admin][tail]") {
  TestTails tails;
  Client client = tails.follow("?filter=stauts%3D1");
  const frontend::Answer answer = client.read();
  CHECK(answer.status == 400);
  CHECK(answer.body.find("character 1: there is no field 'stauts'") != std::string::npos);
  Client other = tails.follow("?what=1");
  CHECK(other.read().status == 400);
}

TEST_CASE("so many may follow, and no more", "[admin][tail]") {
  TestTails tails;
  std::vector<Client> clients;
  for (std::size_t i = 0; i < Tails::kReadersMax; ++i) {
    clients.push_back(tails.follow());
    TestTails::head(clients.back());
  }
  Client late = tails.follow();
  CHECK(late.read().status == 503);
  tails.end();
  Client next = tails.follow();
  CHECK(TestTails::head(next).find(" 200 ") != std::string::npos);
}
