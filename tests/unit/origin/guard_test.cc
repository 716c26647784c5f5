// How an Origin treats its fetches when the origin is in trouble.
#include <list>

#include "origin/origin.h"
#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using http::ProxyError;
using namespace std::chrono_literals;
using State = metrics::BreakerState;

namespace {

const std::string kTrouble = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

// Opens at the fourth failure, for so long.
TestWorker& with_breaker(TestWorker& worker, std::chrono::milliseconds open = 1h) {
  worker.options.breaker = {.fetches_min = 4, .open = open, .open_max = open};
  return worker;
}

// Each time another picture.
void fail(TestWorker& worker, int times) {
  static int picture = 0;
  while (times-- > 0) {
    TestFetch fetch(worker);
    fetch.get("/" + std::to_string(++picture)).finish();
  }
}

}  // namespace

TEST_CASE("an open breaker ends fetches at once, and nothing of them arrives", "[origin][breaker]") {
  RawOrigin server(answers(kTrouble));
  TestWorker worker({server.url()});
  fail(with_breaker(worker), 4);
  CHECK(worker.metrics.origin_breakers[State::Open].value() == 1);
  TestFetch refused(worker);
  refused.start({.method = "PUT", .target = "/", .has_body = true, .body_length = 2});
  CHECK_FALSE(refused.is_over());  // Not inside the call.
  refused.fetch->send_body("ab");
  refused.fetch->end_body();
  refused.finish();
  CHECK(refused.error->error == ProxyError::DestinationUnavailable);
  CHECK_FALSE(refused.error->may_have_arrived);
  CHECK((refused.error->retry_after > 2000s && refused.error->retry_after <= 3600s));
  CHECK(worker.metrics.origin_breaker_refused.value() == 1);
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::Refused].value() == 1);
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("fetches that wait for their turn are refused when the breaker opens", "[origin][breaker]") {
  RawOrigin server(answers(kTrouble));
  TestWorker worker({server.url()});
  with_breaker(worker).options.concurrent_max = 2;
  std::list<TestFetch> fetches;
  for (int i = 0; i < 20; ++i) fetches.emplace_back(worker).get("/" + std::to_string(i));
  CHECK(worker.metrics.origin_queued.value() == 18);
  worker.run_until([&] {
    return std::all_of(fetches.begin(), fetches.end(), [](const TestFetch& fetch) { return fetch.is_over(); });
  });
  const auto refused = std::count_if(fetches.begin(), fetches.end(), [](const TestFetch& fetch) {
    return fetch.error && fetch.error->error == ProxyError::DestinationUnavailable;
  });
  CHECK(refused >= 15);  // One more may have been under way.
  CHECK(worker.metrics.origin_queued.value() == 0);
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("a breaker that finds the origin well closes, whatever waited meanwhile", "[origin][breaker]") {
  std::atomic<bool> is_well = false;
  RawOrigin server([&](Peer& peer, int) {
    while (!peer.read_head().empty()) peer.write(is_well ? ok("x") : kTrouble);
  });
  TestWorker worker({server.url()});
  with_breaker(worker, 20ms);
  fail(worker, 4);
  CHECK(worker.metrics.origin_breaker_transitions[State::Open].value() == 1);
  is_well = true;
  while (worker.metrics.origin_breakers[State::Closed].value() == 0) fail(worker, 1);
  CHECK(worker.metrics.origin_breaker_transitions[State::HalfOpen].value() >= 1);
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.body == "x");
}

TEST_CASE("a breaker that is open shows itself half-open by itself", "[origin][breaker]") {
  RawOrigin server(answers(kTrouble));
  TestWorker worker({server.url()});
  with_breaker(worker, 20ms);
  fail(worker, 4);
  std::optional<event::Timer> look;
  look.emplace(worker.loop, [&] { worker.heard(), look->arm(5ms); });
  look->arm(5ms);
  worker.run_until([&] { return worker.metrics.origin_breakers[State::HalfOpen].value() == 1; });
}

TEST_CASE("one broken picture opens no breaker and ejects no URL, however often it is asked for", "[origin][breaker]") {
  RawOrigin server([](Peer& peer, int) {
    for (std::string head; !(head = peer.read_head()).empty();)
      peer.write(head.starts_with("GET /well") ? ok("x") : kTrouble);
  });
  RawOrigin other(answers(ok("x")));
  TestWorker worker({server.url()});
  with_breaker(worker).options.outlier.failures_max = 3;
  const auto ask = [&](const std::string& target) {
    TestFetch fetch(worker);
    fetch.get(target).finish();
    return fetch.status;
  };
  for (int i = 0; i < 20; ++i) CHECK(ask("/broken?" + std::to_string(i)) == 503);
  CHECK(worker.metrics.origin_breakers[State::Closed].value() == 1);
  worker.options.urls = {server.url(), other.url()};
  worker.options.retries = {.percent = 0, .per_second_min = 0};
  worker.origin().reload(worker.options);
  for (int i = 0; i < 20; ++i) ask("/broken");
  CHECK(worker.metrics.origin_urls_ejected.value() == 0);
  CHECK(worker.metrics.origin_ejections_withheld.value() == 0);
  // Others that are broken too are news.
  for (int i = 0; i < 6; ++i) ask("/broken/" + std::to_string(i));
  CHECK(worker.metrics.origin_urls_ejected.value() == 1);
}

TEST_CASE("a probe that meets a broken picture neither closes the breaker nor opens it again", "[origin][breaker]") {
  RawOrigin server([](Peer& peer, int) {
    for (std::string head; !(head = peer.read_head()).empty();)
      peer.write(head.starts_with("GET /well") ? ok("x") : kTrouble);
  });
  TestWorker worker({server.url()});
  with_breaker(worker, 1s);
  const auto ask = [&](const std::string& target) {
    TestFetch fetch(worker);
    fetch.get(target).finish();
    return fetch.error ? 0 : fetch.status;
  };
  for (int i = 0; i < 4; ++i) CHECK(ask("/broken/" + std::to_string(i)) == 503);
  CHECK(ask("/well") == 0);
  worker.clock.advance(1s);
  CHECK(ask("/broken/1") == 503);
  CHECK(worker.metrics.origin_breakers[State::HalfOpen].value() == 1);
  CHECK(ask("/well") == 0);  // Until the next wait is over.
  worker.clock.advance(1s);
  for (int i = 0; i < 3; ++i) CHECK(ask("/well") == 200);
  CHECK(worker.metrics.origin_breakers[State::Closed].value() == 1);
}

TEST_CASE("failures of connections and broken answers count each time", "[origin][breaker]") {
  RawOrigin server([](Peer& peer, int) { peer.read_head(); });
  TestWorker worker({server.url()});
  with_breaker(worker);
  for (int i = 0; i < 4; ++i) {
    TestFetch fetch(worker);
    fetch.get("/the-same").finish();
  }
  CHECK(worker.metrics.origin_breakers[State::Open].value() == 1);
}

TEST_CASE("what is not the origin's fault opens no breaker", "[origin][breaker]") {
  RawOrigin server([](Peer& peer, int) { peer.wait_for_close(); });
  TestWorker worker({server.url()});
  with_breaker(worker).options.first_byte_timeout = 200ms;
  worker.options.connect_timeout = 100ms;
  for (int i = 0; i < 6; ++i) {
    // Nobody sends the body.
    TestFetch upload(worker);
    upload.start({.method = "PUT", .target = "/", .has_body = true, .body_length = 2});
    TestFetch malformed(worker);
    malformed.get("not a path").finish();
    TestFetch cancelled(worker);
    cancelled.get("/");
  }
  CHECK(worker.metrics.origin_breakers[State::Closed].value() == 1);
  // And this is.
  fail(worker, 4);
  CHECK(worker.metrics.origin_breakers[State::Open].value() == 1);
}

TEST_CASE("a GET whose answer is worth nothing is tried once more at another URL", "[origin][retry]") {
  const auto bad = GENERATE(as<std::string>{}, kTrouble, "", "nonsense\r\n\r\n",
                            "HTTP/1.1 200 OK\r\nX: ", "HTTP/1.1 502 Bad\r\nContent-Length: 5\r\n\r\nwhole",
                            "HTTP/1.1 504 Late\r\nContent-Length: 10\r\n\r\nhalf");
  RawOrigin first(answers_once(bad)), second(answers(ok("good")));
  TestWorker worker({first.url(), second.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.heads == 1);
  CHECK(fetch.body == "good");
  CHECK(worker.metrics.origin_retries[metrics::OriginRetry::Failed].value() == 1);
  CHECK(worker.metrics.origin_in_flight.value() == 0);
  // For the breaker that is one fetch, which went well.
  CHECK(worker.metrics.origin_requests[metrics::OriginEnd::Status2xx].value() == 1);
}

TEST_CASE("the second answer is passed on, whatever it is", "[origin][retry]") {
  RawOrigin first(answers(kTrouble)), second(answers(kTrouble)), third(answers(ok("good")));
  TestWorker worker({first.url(), second.url(), third.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.status == 503);
  CHECK(third.connections() == 0);
}

TEST_CASE("what may not be sent twice, and what has been passed on in part, is not tried again", "[origin][retry]") {
  RawOrigin first(answers_once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")), second(answers(ok("good")));
  TestWorker worker({first.url(), second.url()});
  TestFetch broken(worker);
  broken.get("/").finish();
  CHECK(broken.error->error == ProxyError::HttpResponseIncomplete);
  RawOrigin busy(answers(kTrouble));
  TestWorker other({busy.url(), second.url()});
  const auto [method, has_body] =
      GENERATE(table<std::string, bool>({{"POST", false}, {"DELETE", false}, {"PUT", true}, {"GET", true}}));
  TestFetch unsafe(other);
  unsafe.start({.method = method, .target = "/", .has_body = has_body, .body_length = has_body ? 1u : 0u});
  if (has_body) unsafe.fetch->send_body("x");
  if (has_body) unsafe.fetch->end_body();
  unsafe.finish();
  CHECK(unsafe.status == 503);
  CHECK(second.connections() == 0);
}

TEST_CASE("further attempts have a budget, also those after a failed connection", "[origin][retry]") {
  RawOrigin second(answers(ok("good")));
  const auto first = GENERATE(true, false);
  RawOrigin busy(answers(kTrouble));
  TestWorker worker({first ? busy.url() : closed_url(), second.url()});
  worker.options.retries = {.percent = 0, .per_second_min = 0};
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK((first ? fetch.status == 503 : fetch.error->error == ProxyError::ConnectionRefused));
  CHECK(worker.metrics.origin_retries[metrics::OriginRetry::Refused].value() == 1);
  CHECK(second.connections() == 0);
}

TEST_CASE("where less time is left than the first attempt took nothing is tried again", "[origin][retry]") {
  const auto [took, asked_again] = GENERATE(table<std::chrono::seconds, bool>({{4s, true}, {6s, false}}));
  TestWorker worker({});
  RawOrigin first([&, took = took](Peer& peer, int) {
    peer.read_head();
    worker.clock.advance(took);  // Of the ten that there are.
    peer.write(kTrouble);
  });
  RawOrigin second(answers(ok("good")));
  worker.options.urls = {first.url(), second.url()};
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.status == (asked_again ? 200 : 503));
}

TEST_CASE("a connection is not used again when it is too old", "[origin]") {
  RawOrigin server(answers(ok("x")));
  TestWorker worker({server.url()});
  worker.options.connection_age_max = 1s;
  const Instant end = worker.clock.now() + 30s;
  while (server.connections() < 2 && worker.clock.now() < end) {
    TestFetch fetch(worker);
    fetch.get("/").finish();
    REQUIRE(fetch.body == "x");
  }
  CHECK(server.connections() == 2);
}
