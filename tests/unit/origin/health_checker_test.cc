#include "origin/health_checker.h"

#include <map>

#include "unit/origin/raw_origin.h"
#include "unit/origin/test_worker.h"

using namespace edge;
using namespace edge::test;
using namespace std::chrono_literals;
using End = metrics::HealthCheckEnd;

namespace {

// Whoever is checked, and what is heard of it.
class Checked {
 public:
  explicit Checked(std::vector<std::string> urls) : worker(std::move(urls)) {
    // No test waits for a timeout but the one that wants it.
    worker.options.health = {.path = "/health", .interval = 20ms, .timeout = 10s, .failures = 2, .successes = 2};
  }

  void start() {
    checker.emplace(worker.loop, worker.options, 1, worker.metrics, [this](auto urls) {
      ++told;
      unhealthy.clear();
      for (const origin::OriginUrl& url : *urls) unhealthy.push_back(url.authority);
      worker.heard();
    });
  }
  void wait_until(std::function<bool()> is_so) {
    // Checks that change nothing are not told of.
    event::Timer look(worker.loop, [&] {
      worker.heard();
      look.arm(5ms);
    });
    look.arm(5ms);
    worker.run_until(std::move(is_so));
  }
  std::uint64_t checks(End end) { return worker.metrics.origin_checks[end].value(); }

  TestWorker worker;
  std::optional<origin::HealthChecker> checker;
  std::vector<std::string> unhealthy;
  int told = 0;
};

std::string status(int code) { return "HTTP/1.1 " + std::to_string(code) + " Said\r\nContent-Length: 0\r\n\r\n"; }

}  // namespace

TEST_CASE("a URL is asked for its path, behind its prefix, again and again", "[origin][health]") {
  std::mutex mutex;
  std::map<std::string, int> asked;
  RawOrigin server([&](Peer& peer, int) {
    for (std::string head; !(head = peer.read_head()).empty(); peer.write(ok("fine"))) {
      std::lock_guard lock(mutex);
      ++asked[head.substr(0, head.find("\r\n"))];
    }
  });
  Checked site({server.url() + "/pictures"});
  site.start();
  site.wait_until([&] { return site.checks(End::Good) >= 5; });
  CHECK(site.unhealthy.empty());
  CHECK(site.worker.metrics.origin_requests[metrics::OriginEnd::Status2xx].value() == 0);  // Which is for fetches.
  std::lock_guard lock(mutex);
  CHECK(asked.size() == 1);
  CHECK(asked.begin()->first == "GET /pictures/health HTTP/1.1");
}

TEST_CASE("a URL is unhealthy when its checks fail, and healthy again when they are good", "[origin][health]") {
  const auto [bad, end] =
      GENERATE(table<std::string, End>({{status(500), End::Status},
                                        {status(199 + 201), End::Status},
                                        {"", End::Broken},
                                        {"nonsense\r\n\r\n", End::Broken},
                                        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha", End::Broken}}));
  std::atomic<bool> is_well = false;
  RawOrigin server([&, bad = bad](Peer& peer, int) {
    if (!peer.read_head().empty()) peer.write(is_well ? ok("fine") : bad);
  });
  RawOrigin other(answers(status(302)));
  Checked site({server.url(), other.url()});
  site.start();
  site.wait_until([&] { return !site.unhealthy.empty(); });
  CHECK(site.unhealthy == std::vector{server.authority()});
  CHECK(site.checker->unhealthy() == std::vector{server.url()});
  CHECK(site.checks(end) >= 2);
  CHECK(site.worker.metrics.origin_urls_unhealthy.value() == 1);
  is_well = true;
  site.wait_until([&] { return site.unhealthy.empty(); });
  CHECK(site.worker.metrics.origin_urls_unhealthy.value() == 0);
}

TEST_CASE("a URL that cannot be connected to, or does not answer in time, is unhealthy", "[origin][health]") {
  RawOrigin silent([](Peer& peer, int) { peer.wait_for_close(); });
  RawOrigin half([](Peer& peer, int) {
    peer.read_head();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha");
    peer.wait_for_close();
  });
  const std::string gone = closed_url();
  Checked site({silent.url(), half.url(), gone});
  site.worker.options.health.timeout = 20ms;
  site.start();
  site.wait_until([&] { return site.unhealthy.size() == 3; });
  CHECK(site.checks(End::Timeout) >= 4);
  CHECK(site.checks(End::Unreachable) >= 2);
  CHECK(site.checks(End::Good) == 0);
}

TEST_CASE("more of an answer than anybody needs is not waited for", "[origin][health]") {
  RawOrigin server([](Peer& peer, int) {
    if (peer.read_head().empty()) return;
    peer.write("HTTP/1.1 200 OK\r\n\r\n");
    while (peer.write(std::string(10'000, 'x'))) {
    }
  });
  Checked site({server.url()});
  site.start();
  site.wait_until([&] { return site.checks(End::Good) >= 2; });
}

TEST_CASE("nothing is checked without a path", "[origin][health]") {
  RawOrigin server(answers(status(500)));
  Checked site({server.url()});
  site.worker.options.health.path.clear();
  site.start();
  CHECK(site.told == 1);
  // And a reload can begin it, and end it, with what was found.
  site.worker.options.health.path = "/health";
  site.checker->reload(site.worker.options);
  site.wait_until([&] { return !site.unhealthy.empty(); });
  site.worker.options.health.path.clear();
  site.checker->reload(site.worker.options);
  CHECK(site.unhealthy.empty());
  CHECK(site.worker.metrics.origin_urls_unhealthy.value() == 0);
}

TEST_CASE("a reload keeps what is thought of URLs that stay", "[origin][health]") {
  RawOrigin bad(answers(status(500))), good(answers(ok("fine")));
  Checked site({bad.url()});
  site.start();
  site.wait_until([&] { return !site.unhealthy.empty(); });
  const int told = site.told;
  site.worker.options.urls = {good.url(), bad.url()};
  site.worker.options.health.interval = 1h;  // Nothing new is found out.
  site.checker->reload(site.worker.options);
  CHECK(site.told == told + 1);
  CHECK(site.unhealthy == std::vector{bad.authority()});
  site.worker.options.urls = {good.url()};
  site.checker->reload(site.worker.options);
  CHECK(site.unhealthy.empty());
  CHECK(site.worker.metrics.origin_urls_unhealthy.value() == 0);
}
