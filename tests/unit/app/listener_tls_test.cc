#include "app/listener_tls.h"

#include "support/catch.h"
#include "support/tls_files.h"
#include "support/tls_pair.h"

using namespace edge;
using namespace edge::app;
using namespace edge::test;

namespace {

struct Listeners {
  TlsFiles files;
  TlsWorker worker;
  std::vector<ListenOptions> options;

  void add(const std::string& address, const std::string& certificate) {
    options.push_back({address});
    if (certificate.empty()) return;
    options.back().tls.certificates.push_back(files.make(certificate, {.common_name = certificate}));
  }
  struct Visit {
    std::string server;
    bool is_resumed;
    TlsSession session;
  };
  Visit visit(const ListenerTls& tls, std::size_t listener, const TlsSession& resume = nullptr) {
    TlsPair pair(worker, tls.contexts().at(listener), {.server_name = "a.example", .resume = resume});
    pair.shake_hands();
    REQUIRE(pair.server.is_established());
    return {pair.client.server(), pair.client.is_resumed(), pair.client.session()};
  }
};

}  // namespace

TEST_CASE("a reload gives new connections the new certificates, and tickets stay good", "[app][tls]") {
  Listeners here;
  here.add("127.0.0.1:1", "");
  here.add("127.0.0.1:2", "old");
  ListenerTls tls(here.options, here.worker.clock);
  CHECK(tls.contexts().empty());
  CHECK(tls.certificates().empty());
  REQUIRE(tls.load(here.options));
  REQUIRE(tls.contexts().size() == 2);
  CHECK(tls.contexts()[0] == nullptr);
  const auto before = here.visit(tls, 1);
  CHECK(before.server == "old");

  // The same name of a file, as a renewal leaves it.
  here.files.make("old", {.common_name = "renewed"});
  REQUIRE(tls.load(here.options));
  CHECK(here.visit(tls, 1).server == "renewed");
  CHECK(here.visit(tls, 1, before.session).is_resumed);
}

TEST_CASE("a reload is all or nothing", "[app][tls]") {
  Listeners here;
  here.add("127.0.0.1:1", "a");
  here.add("127.0.0.1:2", "b");
  ListenerTls tls(here.options, here.worker.clock);
  REQUIRE(tls.load(here.options));
  const auto before = tls.contexts();
  here.files.make("a", {.common_name = "new"});
  here.files.write_text("b.pem", "torn");
  const Status loaded = tls.load(here.options);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().message.starts_with("TLS on 127.0.0.1:2: '"));
  CHECK(tls.contexts() == before);
  CHECK(here.visit(tls, 0).server == "a");
}

TEST_CASE("what only a restart can change leaves a listener as it is", "[app][tls]") {
  Listeners here;
  here.add("127.0.0.1:1", "a");
  here.add("127.0.0.1:2", "");
  here.add("127.0.0.1:3", "c");
  ListenerTls tls(here.options, here.worker.clock);
  REQUIRE(tls.load(here.options));
  const auto before = tls.contexts();
  Listeners next;
  next.add("127.0.0.1:1", "");   // TLS off.
  next.add("127.0.0.1:2", "x");  // And on.
  next.add("127.0.0.1:4", "y");  // Another address.
  next.add("127.0.0.1:5", "z");  // One more.
  REQUIRE(tls.load(next.options));
  CHECK(tls.contexts() == before);
  // An address that has only moved in the list is the same listener.
  next.options = {here.options[2], here.options[0]};
  REQUIRE(tls.load(next.options));
  CHECK(tls.contexts()[0] != before[0]);
  CHECK(here.visit(tls, 0).server == "a");
  CHECK(here.visit(tls, 2).server == "c");
}

TEST_CASE("each file of a certificate in use is told once, with its end", "[app][tls]") {
  Listeners here;
  here.add("127.0.0.1:1", "a");
  here.add("127.0.0.1:2", "b");
  here.options[1].tls.certificates.push_back(here.options[0].tls.certificates[0]);
  ListenerTls tls(here.options, here.worker.clock);
  REQUIRE(tls.load(here.options));
  const auto told = tls.certificates();
  REQUIRE(told.size() == 2);
  CHECK(told[0].file == here.files.path("a.pem"));
  CHECK(told[1].file == here.files.path("b.pem"));
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(told[0].not_after_seconds > now + 3'500);
  CHECK(told[0].not_after_seconds < now + 3'700);
}

TEST_CASE("another process's ticket keys go to the listener with their address", "[app][tls]") {
  Listeners here;
  here.add("127.0.0.1:1", "a");
  here.add("127.0.0.1:0", "b");
  here.add("127.0.0.1:0", "c");
  ListenerTls before(here.options, here.worker.clock), same(here.options, here.worker.clock);
  std::swap(here.options[0], here.options[1]);
  ListenerTls moved(here.options, here.worker.clock);
  REQUIRE(moved.load(here.options));
  std::swap(here.options[0], here.options[1]);
  REQUIRE(before.load(here.options));
  REQUIRE(same.load(here.options));
  for (std::size_t i = 0; i < 3; ++i) {
    const auto visit = here.visit(before, i);
    auto keys = before.ticket_keys();
    REQUIRE(keys.size() == 3);
    REQUIRE(same.take(std::move(keys[i])));
    CHECK(here.visit(same, i, visit.session).is_resumed);
  }
  const auto visit = here.visit(before, 0);
  auto keys = before.ticket_keys();
  REQUIRE(moved.take(std::move(keys[0])));
  CHECK(here.visit(moved, 1, visit.session).is_resumed);
}

TEST_CASE("ticket keys of a file, and of a listener that is not there, are not another process's", "[app][tls]") {
  Listeners here;
  here.add("127.0.0.1:1", "a");
  here.add("127.0.0.1:2", "");
  ListenerTls tls(here.options, here.worker.clock);
  REQUIRE(tls.load(here.options));
  auto keys = tls.ticket_keys();
  REQUIRE(keys.size() == 1);
  keys[0].address = "127.0.0.1:2";
  CHECK_FALSE(tls.take(keys[0]));
  keys[0].address = "127.0.0.1:3";
  CHECK_FALSE(tls.take(keys[0]));
  here.options[0].tls.ticket_keys_file = here.files.write_text("keys", std::string(107, 'A') + "=");
  REQUIRE(tls.load(here.options));
  CHECK(tls.ticket_keys().empty());
}
