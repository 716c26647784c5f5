// A second attempt beside one that is late.
#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using http::ProxyError;
using namespace std::chrono_literals;
using metrics::OriginEnd;
using metrics::OriginRetry;

namespace {

const std::string kTrouble = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

// Asks the first of its URLs first, and the next one a moment later.
class Hedging : public TestWorker {
 public:
  explicit Hedging(std::vector<std::string> urls) : TestWorker(std::move(urls)) { options.hedge_after = 20ms; }

  std::uint64_t hedged() { return metrics.origin_retries[OriginRetry::Hedged].value(); }
  std::uint64_t ejected(metrics::EjectionCause cause) { return metrics.origin_ejections[cause].value(); }
};

RawOrigin::Script silence() {
  return [](Peer& peer, int) { peer.wait_for_close(); };
}

// Says it when the time has come.
RawOrigin::Script answers_after(const Event& event, std::string response) {
  return [&event, response = std::move(response)](Peer& peer, int) {
    while (!peer.read_head().empty()) {
      event.wait();
      peer.write(response);
    }
  };
}

// Tells that it was asked, and says it.
RawOrigin::Script tells(Event& event, std::string response) {
  return [&event, response = std::move(response)](Peer& peer, int) {
    while (!peer.read_head().empty()) {
      peer.write(response);
      event.happen();
    }
  };
}

}  // namespace

TEST_CASE("a GET whose answer is late is asked of another URL too, and the first answer is taken", "[origin][hedge]") {
  Event given_up;
  RawOrigin first([&](Peer& peer, int) {
    peer.wait_for_close();
    given_up.happen();
  });
  RawOrigin second(answers(ok("second")));
  Hedging worker({first.url(), second.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.body == "second");
  CHECK(fetch.heads == 1);
  given_up.wait();
  CHECK(worker.hedged() == 1);
  CHECK(worker.metrics.origin_hedges_won.value() == 1);
  CHECK(worker.metrics.origin_requests[OriginEnd::Status2xx].value() == 1);
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("the first attempt may still be answered first", "[origin][hedge]") {
  Event second_is_asked;
  RawOrigin first(answers_after(second_is_asked, ok("first")));
  RawOrigin second([&](Peer& peer, int) {
    peer.read_head();
    second_is_asked.happen();
    peer.wait_for_close();
  });
  Hedging worker({first.url(), second.url()});
  worker.options.outlier.failures_max = 1;
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.body == "first");
  CHECK(worker.hedged() == 1);
  CHECK(worker.metrics.origin_hedges_won.value() == 0);
  // The other had no time to show what it can.
  CHECK(worker.metrics.origin_urls_ejected.value() == 0);
}

TEST_CASE("a bad answer does not win, from whichever it comes", "[origin][hedge]") {
  const auto bad = GENERATE(as<std::string>{}, kTrouble, "", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nX: ");
  const bool is_second_bad = GENERATE(true, false);
  CAPTURE(bad, is_second_bad);
  Event other_has_failed;
  const RawOrigin::Script fails_after_hedge = [&, bad = bad](Peer& peer, int) {
    peer.read_head();
    peer.write(bad);
  };
  if (is_second_bad) {
    RawOrigin first(answers_after(other_has_failed, ok("good")));
    RawOrigin second([&](Peer& peer, int connection) {
      fails_after_hedge(peer, connection);
      other_has_failed.happen();
    });
    Hedging worker({first.url(), second.url()});
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == "good");
    CHECK(worker.metrics.origin_hedges_won.value() == 0);
  } else {
    Event second_is_asked;
    RawOrigin first([&](Peer& peer, int connection) {
      peer.read_head();
      second_is_asked.wait();
      peer.write(bad);
      other_has_failed.happen();
      if (connection > 1) peer.wait_for_close();
    });
    RawOrigin second([&](Peer& peer, int) {
      peer.read_head();
      second_is_asked.happen();
      other_has_failed.wait();
      peer.write(ok("good"));
    });
    Hedging worker({first.url(), second.url()});
    TestFetch fetch(worker);
    fetch.get("/").finish();
    CHECK(fetch.body == "good");
  }
}

TEST_CASE("where both fail that is the answer, and no third URL is asked", "[origin][hedge]") {
  Event second_has_failed;
  RawOrigin first(answers_after(second_has_failed, kTrouble)), second(tells(second_has_failed, kTrouble));
  RawOrigin third(answers(ok("good")));
  Hedging worker({first.url(), second.url(), third.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.status == 503);
  CHECK(third.connections() == 0);
  CHECK(worker.metrics.origin_requests[OriginEnd::Status5xx].value() == 1);
}

TEST_CASE("where both are silent the time of the fetch is that of the first, and it has failed once",
          "[origin][hedge]") {
  RawOrigin first(silence()), second(silence());
  Hedging worker({first.url(), second.url()});
  worker.options.first_byte_timeout = 200ms;
  worker.options.connect_timeout = 200ms;
  worker.options.outlier.failures_max = 0;
  worker.options.breaker = {.fetches_min = 2, .open = 1h, .open_max = 1h};
  for (int i = 0; i < 2; ++i) {
    CHECK(worker.metrics.origin_breakers[metrics::BreakerState::Open].value() == 0);
    TestFetch fetch(worker);
    fetch.get("/" + std::to_string(i)).finish();
    CHECK(fetch.error->error == ProxyError::HttpResponseTimeout);
    CHECK(worker.metrics.origin_in_flight.value() == 0);
  }
  CHECK(worker.hedged() == 2);
  CHECK(worker.metrics.origin_breakers[metrics::BreakerState::Open].value() == 1);
}

TEST_CASE("what cannot be connected to leaves the other attempt alone", "[origin][hedge]") {
  Event may_answer;
  RawOrigin first(answers_after(may_answer, ok("first")));
  Hedging worker({first.url(), closed_url()});
  TestFetch fetch(worker);
  fetch.get("/");
  worker.watch_until([&] { return worker.ejected(metrics::EjectionCause::Unreachable) == 1; });
  CHECK_FALSE(fetch.is_over());
  may_answer.happen();
  fetch.finish();
  CHECK(fetch.body == "first");
  CHECK(worker.hedged() == 1);
}

TEST_CASE("a URL that is overtaken again and again is out of order", "[origin][hedge][outlier]") {
  RawOrigin first(silence()), second(answers(ok("second")));
  Hedging worker({first.url(), second.url()});
  worker.options.outlier.failures_max = 3;
  worker.options.eject = worker.options.outlier.eject_max = 1h;
  for (int i = 0; i < 10; ++i) {
    TestFetch fetch(worker);
    fetch.get("/" + std::to_string(i)).finish();
    CHECK(fetch.body == "second");
  }
  CHECK(worker.hedged() == 3);
  CHECK(worker.ejected(metrics::EjectionCause::Failures) == 1);
  CHECK(worker.metrics.origin_breakers[metrics::BreakerState::Closed].value() == 1);
}

TEST_CASE("no second attempt is made where it could do harm, or hardly any good", "[origin][hedge]") {
  RawOrigin first(silence()), second(answers(ok("second")));
  const std::string gone = closed_url();
  Hedging worker({first.url(), second.url()});
  origin::FetchRequest request{.target = "/"};
  SECTION("it is off") { worker.options.hedge_after = 0ms; }
  SECTION("the method") { request.method = GENERATE(as<std::string>{}, "POST", "DELETE", "HEAD"); }
  SECTION("a body") {
    request.has_body = true;
    request.body_length = 0;
  }
  SECTION("there is no other URL") { worker.options.urls = {first.url()}; }
  SECTION("the budget is spent") { worker.options.retries = {.percent = 0, .per_second_min = 0}; }
  SECTION("there is no place") { worker.options.concurrent_max = 1; }
  SECTION("the other is not well") {
    const auto unhealthy = origin::parse_origin_url(second.url());
    worker.origin().set_unhealthy(std::span(&*unhealthy, 1));
  }
  // Long after it would have been made.
  worker.options.first_byte_timeout = worker.options.connect_timeout = 150ms;
  worker.origin().reload(worker.options);
  TestFetch fetch(worker);
  fetch.start(request);
  if (request.has_body) fetch.fetch->end_body();
  fetch.finish();
  CHECK(fetch.error->error == ProxyError::HttpResponseTimeout);
  CHECK(worker.hedged() == 0);
  CHECK(second.connections() == 0);
}

TEST_CASE("a fetch that is given up gives up both its attempts, and their places", "[origin][hedge]") {
  Event is_open;
  const RawOrigin::Script holds = [&](Peer& peer, int) {
    peer.read_head();
    is_open.wait();
    peer.write(ok("late"));
    peer.wait_for_close();
  };
  RawOrigin first(holds), second(holds);
  Hedging worker({first.url(), second.url()});
  worker.options.concurrent_max = 2;
  std::optional<TestFetch> given_up(std::in_place, worker), waiting(std::in_place, worker);
  given_up->get("/");
  worker.watch_until([&] { return worker.hedged() == 1; });
  waiting->get("/");
  CHECK(worker.metrics.origin_queued.value() == 1);
  given_up.reset();
  CHECK(worker.metrics.origin_queued.value() == 0);
  is_open.happen();
  waiting->finish();
  CHECK(waiting->body == "late");
  CHECK(worker.metrics.origin_in_flight.value() == 0);
}

TEST_CASE("what is said before the answer is said of the one that is answered", "[origin][hedge]") {
  Event second_is_asked;
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  RawOrigin first([&](Peer& peer, int) {
    peer.read_head();
    second_is_asked.wait();
    peer.write(hints);
    peer.wait_for_close();
  });
  RawOrigin second([&](Peer& peer, int) {
    peer.read_head();
    second_is_asked.happen();
    peer.write(hints + ok("second"));
  });
  Hedging worker({first.url(), second.url()});
  TestFetch fetch(worker);
  fetch.get("/").finish();
  CHECK(fetch.body == "second");
  CHECK(fetch.interims == 1);
}
