#include "origin/balancer.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::origin;
using namespace std::chrono_literals;

namespace {

std::vector<OriginUrlRef> urls(std::size_t count) {
  std::vector<OriginUrlRef> made;
  for (std::size_t i = 0; i < count; ++i)
    made.push_back(std::make_shared<const OriginUrl>(*parse_origin_url("http://origin" + std::to_string(i))));
  return made;
}

// A balancer and a clock.
struct Site {
  explicit Site(std::size_t count, const BalancerOptions& options = {}, std::vector<std::uint32_t> weights = {})
      : all(urls(count)), balancer(all, weights, options, metrics) {}

  OriginUrlRef next(std::span<const OriginUrlRef> tried = {}) { return balancer.find_next(now, tried); }
  void note(std::size_t i, Verdict verdict) { note(i, verdict, now); }
  void note(std::size_t i, Verdict verdict, Instant begun_at) { balancer.note(all[i], verdict, begun_at, now); }
  void fail(std::size_t i, int times) {
    while (times-- > 0) note(i, Verdict::Failed);
  }
  // By checks.
  void set_unhealthy(std::initializer_list<std::size_t> which) {
    std::vector<OriginUrl> unhealthy;
    for (const std::size_t i : which) unhealthy.push_back(*all[i]);
    balancer.set_unhealthy(unhealthy, now);
  }
  // How many of the next turns are that URL's.
  int turns(std::size_t i, int of) {
    int turns = 0;
    while (of-- > 0) turns += next() == all[i];
    return turns;
  }
  // Whether one of the next turns would be that URL's.
  bool is_in(std::size_t i) {
    for (std::size_t turn = 0; turn < all.size(); ++turn)
      if (next() == all[i]) return true;
    return false;
  }

  metrics::WorkerMetrics metrics;
  std::vector<OriginUrlRef> all;
  Balancer balancer;
  Instant now{100s};
};

}  // namespace

TEST_CASE("URLs take turns", "[origin][balancer]") {
  Site site(3);
  for (const std::size_t expected : {0u, 1u, 2u, 0u}) CHECK(site.next() == site.all[expected]);
}

TEST_CASE("a further attempt takes nobody's turn", "[origin][balancer]") {
  Site site(2);
  for (const std::size_t expected : {0u, 1u, 0u, 1u}) {
    const auto first = site.next();
    CHECK(first == site.all[expected]);
    CHECK(site.next(std::vector{first}) == site.all[1 - expected]);
  }
}

TEST_CASE("a URL that cannot be connected to is left out until its time is over, or it has answered",
          "[origin][balancer]") {
  Site site(2);
  site.note(0, Verdict::Unreachable);
  CHECK(site.next() == site.all[1]);
  site.now += 999ms;
  CHECK(site.next() == site.all[1]);
  CHECK(site.metrics.origin_urls_ejected.value() == 1);
  site.note(0, Verdict::Answered);
  CHECK(site.metrics.origin_urls_ejected.value() == 0);
  CHECK(site.next() == site.all[0]);
  CHECK(site.metrics.origin_ejections[metrics::EjectionCause::Unreachable].value() == 1);
}

TEST_CASE("where all URLs are ejected, the one that failed longest ago is tried", "[origin][balancer]") {
  Site site(3);
  for (const std::size_t i : {1u, 0u, 2u}) {
    site.note(i, Verdict::Unreachable);
    site.now += 100ms;
  }
  CHECK(site.next() == site.all[1]);
  CHECK(site.next(std::vector{site.all[1]}) == site.all[0]);
  CHECK(site.next(site.all) == nullptr);
}

TEST_CASE("a URL whose time is over is tried by one, while the others are asked as before", "[origin][balancer]") {
  Site site(2);
  site.note(0, Verdict::Unreachable);
  site.now += 1s;
  int tries = 0;
  for (int i = 0; i < 10; ++i) tries += site.next() == site.all[0];
  CHECK(tries == 1);
  // Nobody has heard what came of it.
  site.now += 1s;
  CHECK(site.is_in(0));
  site.note(0, Verdict::Answered);
  tries = 0;
  for (int i = 0; i < 10; ++i) tries += site.next() == site.all[0];
  CHECK(tries == 5);
}

TEST_CASE("each ejection in a row is twice as long as the last, up to a maximum", "[origin][balancer]") {
  Site site(2, {.eject = 1s, .eject_max = 5s});
  site.note(0, Verdict::Unreachable);
  for (const auto duration : {1s, 2s, 4s, 5s, 5s}) {
    site.now += duration - 1ms;
    CHECK_FALSE(site.is_in(0));
    site.now += 1ms;
    CHECK(site.is_in(0));
    site.note(0, Verdict::Unreachable);
  }
  // A moment of health changes nothing, a long one does.
  const auto [well, expected] = GENERATE(table<Instant::duration, Instant::duration>({{4s, 5s}, {5s, 1s}}));
  site.note(0, Verdict::Answered);
  site.now += well;
  site.note(0, Verdict::Unreachable);
  site.now += expected - 1ms;
  CHECK_FALSE(site.is_in(0));
  site.now += 1ms;
  CHECK(site.is_in(0));
}

TEST_CASE("what was asked before a URL was ejected does not eject it for longer", "[origin][balancer]") {
  Site site(2);
  for (int i = 0; i < 100; ++i) site.note(0, Verdict::Unreachable);
  site.now += 1s;
  CHECK(site.is_in(0));
  CHECK(site.metrics.origin_ejections[metrics::EjectionCause::Unreachable].value() == 1);
}

TEST_CASE("failures in a row eject a URL, and a whole answer between them does not count as none",
          "[origin][balancer][outlier]") {
  Site site(2, {.failures_max = 3});
  site.fail(0, 2);
  site.note(0, Verdict::Answered);
  site.note(0, Verdict::Complete);
  site.fail(0, 2);
  CHECK(site.is_in(0));
  // The head of an answer that then breaks is no success.
  site.note(0, Verdict::Answered);
  site.fail(0, 1);
  CHECK_FALSE(site.is_in(0));
  CHECK(site.metrics.origin_ejections[metrics::EjectionCause::Failures].value() == 1);
}

TEST_CASE("an ejected URL that fails when it is tried is ejected again at once", "[origin][balancer][outlier]") {
  Site site(2, {.failures_max = 3});
  site.fail(0, 3);
  site.now += 1s;
  CHECK(site.is_in(0));
  site.fail(0, 1);
  site.now += 1s;
  CHECK_FALSE(site.is_in(0));
  site.now += 1s;
  CHECK(site.is_in(0));
}

TEST_CASE("failures never eject more than a share of the URLs, and never the last", "[origin][balancer][outlier]") {
  struct Row {
    std::size_t count;
    std::uint32_t percent;
    std::size_t out;
  };
  const Row row = GENERATE(values<Row>(
      {{1, 50, 0}, {1, 99, 0}, {2, 50, 1}, {2, 49, 0}, {3, 67, 2}, {4, 50, 2}, {3, 50, 1}, {2, 99, 1}, {5, 0, 0}}));
  Site site(row.count, {.failures_max = 3, .ejected_percent_max = row.percent});
  for (std::size_t i = 0; i < row.count; ++i) site.fail(i, 3);
  CHECK(site.metrics.origin_urls_ejected.value() == row.out);
  CHECK((site.metrics.origin_ejections_withheld.value() > 0));
}

TEST_CASE("what is nobody's fault ejects nobody", "[origin][balancer][outlier]") {
  Site site(2, {.failures_max = 1});
  for (int i = 0; i < 10; ++i) site.note(0, Verdict::Nothing);
  CHECK(site.is_in(0));
}

TEST_CASE("ejection can be switched off, wholly and for failures", "[origin][balancer]") {
  Site none(2, {.eject = 0s});
  none.note(0, Verdict::Unreachable);
  none.fail(0, 100);
  CHECK(none.is_in(0));
  Site connections(2, {.failures_max = 0});
  connections.fail(0, 100);
  CHECK(connections.is_in(0));
  connections.note(0, Verdict::Unreachable);
  CHECK_FALSE(connections.is_in(0));
}

TEST_CASE("a URL that is no longer configured is not remembered, and one that stays is", "[origin][balancer]") {
  Site site(3);
  site.note(0, Verdict::Unreachable);
  site.note(1, Verdict::Unreachable);
  auto fewer = urls(4);
  fewer.erase(fewer.begin());
  site.balancer.reload(fewer, {}, {});
  CHECK(site.metrics.origin_urls_ejected.value() == 1);
  CHECK_FALSE(site.is_in(1));
  site.note(0, Verdict::Unreachable);
  CHECK(site.is_in(2));
  CHECK((site.next() == fewer[2] || site.next() == fewer[2]));
}

TEST_CASE("502, 503 and 504 are failures, another 5xx where that is wanted", "[origin][outlier]") {
  using Status = std::uint16_t;
  for (const Status status : {Status{502}, Status{503}, Status{504}})
    CHECK(judge_status(status, false) == Verdict::BadStatus);
  for (const Status status : {Status{500}, Status{501}, Status{505}, Status{599}}) {
    CHECK(judge_status(status, false) == Verdict::Answered);
    CHECK(judge_status(status, true) == Verdict::BadStatus);
  }
  for (const Status status : {Status{200}, Status{304}, Status{404}, Status{429}})
    CHECK(judge_status(status, true) == Verdict::Answered);
}

TEST_CASE("a URL gets as many turns as its weight says, evenly mixed", "[origin][balancer][weight]") {
  Site site(3, {}, {5, 1, 1});
  for (const std::size_t expected : {0u, 0u, 1u, 0u, 2u, 0u, 0u, 0u}) CHECK(site.next() == site.all[expected]);
  const std::vector<std::uint32_t> weights{1, 1, 4};
  site.balancer.reload(site.all, weights, {});
  CHECK(site.turns(2, 600) == 400);
}

TEST_CASE("what a URL is not asked while it is ejected is not made up for", "[origin][balancer][weight]") {
  Site site(2);
  site.note(0, Verdict::Unreachable);
  CHECK(site.turns(0, 100) == 0);
  site.note(0, Verdict::Answered);
  CHECK(site.turns(0, 100) == 50);
}

TEST_CASE("a URL that returns gets a share that grows", "[origin][balancer][weight]") {
  Site site(2, {.slow_start = 10s}, {9, 9});
  CHECK(site.turns(0, 100) == 50);  // At the start there is nothing to return from.
  site.note(0, Verdict::Unreachable);
  site.note(0, Verdict::Answered);
  CHECK(site.turns(0, 110) == 10);  // One tenth to the other's whole.
  site.now += 5s;
  CHECK(site.turns(0, 150) == 50);  // A half to a whole.
  site.now += 5s;
  CHECK(site.turns(0, 100) == 50);
}

TEST_CASE("an unhealthy URL gets no turn, and no try either", "[origin][balancer][health]") {
  Site site(3);
  site.note(0, Verdict::Unreachable);
  site.set_unhealthy({0});
  CHECK(site.turns(0, 100) == 0);
  site.now += 1h;
  CHECK(site.turns(0, 100) == 0);
  CHECK(site.balancer.has_well(site.now, {}));
  CHECK_FALSE(site.balancer.has_well(site.now, std::vector{site.all[1], site.all[2]}));
}

TEST_CASE("where all URLs are unhealthy they are asked as if all were healthy", "[origin][balancer][health]") {
  Site site(3);
  site.set_unhealthy({0, 1, 2});
  CHECK(site.turns(1, 300) == 100);
  site.note(0, Verdict::Unreachable);
  CHECK(site.turns(0, 100) == 0);
}

TEST_CASE("an unhealthy URL is the last resort, after those that requests have ejected", "[origin][balancer][health]") {
  Site site(2);
  site.set_unhealthy({0});
  site.note(1, Verdict::Unreachable);
  CHECK(site.next() == site.all[1]);
  CHECK(site.next(std::vector{site.all[1]}) == site.all[0]);
}

TEST_CASE("a URL that is healthy again returns with a share that grows, whatever had ejected it",
          "[origin][balancer][health]") {
  Site site(2, {.slow_start = 10s});
  site.note(0, Verdict::Unreachable);
  site.set_unhealthy({0});
  site.now += 100ms;
  site.set_unhealthy({});
  CHECK(site.metrics.origin_urls_ejected.value() == 0);
  CHECK(site.turns(0, 110) == 10);
  site.now += 10s;
  CHECK(site.turns(0, 100) == 50);
}

TEST_CASE("good checks readmit no URL that requests have ejected and that was healthy all the time",
          "[origin][balancer][health]") {
  Site site(2, {.failures_max = 1});
  site.fail(0, 1);
  site.set_unhealthy({});
  CHECK_FALSE(site.is_in(0));
}

TEST_CASE("unhealthy URLs are part of the share that may be out for failures", "[origin][balancer][health]") {
  Site site(4, {.failures_max = 1});
  site.set_unhealthy({0, 1});
  site.fail(2, 1);
  CHECK(site.metrics.origin_urls_ejected.value() == 0);
  site.set_unhealthy({0});
  site.fail(2, 1);
  CHECK(site.metrics.origin_urls_ejected.value() == 1);
}

TEST_CASE("a reload keeps which URLs are unhealthy", "[origin][balancer][health]") {
  Site site(2);
  site.set_unhealthy({0});
  site.all = urls(2);
  site.balancer.reload(site.all, {}, {});
  CHECK(site.turns(0, 100) == 0);
}

TEST_CASE("only what is asked after an ejection readmits a URL", "[origin][balancer]") {
  Site site(2);
  const Instant before = site.now;
  site.now += 1s;
  site.note(0, Verdict::Unreachable);
  site.now += 100ms;
  for (const Verdict verdict : {Verdict::Answered, Verdict::Complete}) site.note(0, verdict, before);
  CHECK(site.metrics.origin_urls_ejected.value() == 1);
  // Also not what began before a try that has failed since.
  const Instant between = site.now;
  site.now += 1s;
  CHECK(site.is_in(0));
  site.note(0, Verdict::Unreachable);
  site.note(0, Verdict::Answered, between);
  CHECK(site.metrics.origin_urls_ejected.value() == 1);
  site.now += 2s;
  CHECK(site.is_in(0));
  site.note(0, Verdict::Answered);
  CHECK(site.metrics.origin_urls_ejected.value() == 0);
}

TEST_CASE("what was asked before an ejection fails no try, and ejects nobody anew", "[origin][balancer][outlier]") {
  Site site(2, {.failures_max = 1});
  const Instant before = site.now;
  site.now += 1s;
  site.fail(0, 1);
  site.now += 1s;
  CHECK(site.is_in(0));
  site.note(0, Verdict::Failed, before);
  CHECK(site.metrics.origin_ejections[metrics::EjectionCause::Failures].value() == 1);
  site.note(0, Verdict::Answered);
  site.note(0, Verdict::Failed, before);
  CHECK(site.metrics.origin_urls_ejected.value() == 0);
}
