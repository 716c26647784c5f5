#include "metrics/totals.h"

#include <limits>

#include "metrics/metrics.h"
#include "support/catch.h"

using namespace edge;
using namespace edge::metrics;
using namespace std::chrono_literals;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

MetricFamily counter(std::string name, double value, std::vector<prometheus::ClientMetric::Label> labels = {}) {
  MetricFamily family{std::move(name), "", MetricType::Counter, {}};
  family.metric.emplace_back().counter.value = value;
  family.metric.back().label = std::move(labels);
  return family;
}

MetricFamily histogram(std::string name, const std::vector<prometheus::ClientMetric::Bucket>& buckets, double sum) {
  MetricFamily family{std::move(name), "", MetricType::Histogram, {}};
  auto& of = family.metric.emplace_back().histogram;
  of.bucket = buckets;
  of.sample_count = buckets.back().cumulative_count;
  of.sample_sum = sum;
  return family;
}

// What a process has that has counted this, after it has taken a block.
std::vector<MetricFamily> added(const std::string& block, std::vector<MetricFamily> to) {
  const auto totals = Totals::parse(block);
  REQUIRE(totals);
  totals->add_to(to);
  return to;
}

std::string why_not(const std::string& block) {
  const auto totals = Totals::parse(block);
  return totals ? std::string() : totals.error().message;
}

struct Process {
  FakeClock clock;
  Metrics metrics{2, {.site = "s", .version = "1"}, clock, [] { return CacheGauges{.bytes = 7}; }};
  // The line of the exposition that begins so, without it.
  std::string operator[](const std::string& series) const {
    const std::string text = "\n" + metrics.exposition();
    const std::size_t at = text.find("\n" + series + " ");
    REQUIRE(at != std::string::npos);
    const std::size_t from = at + series.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }
  void answer(Outcome outcome, std::chrono::nanoseconds after, std::size_t worker = 0) {
    metrics.worker(worker).request_finished(outcome, 200, 100, after);
  }
};

const std::string kHits = "avatar_edge_requests_total{outcome=\"hit\"}";
const std::string kDurations = "avatar_edge_request_duration_seconds";

}  // namespace

TEST_CASE("what a process has counted is added to what the next counts", "[metrics][handover]") {
  Process before, after;
  for (int i = 0; i < 3; ++i) before.answer(Outcome::Hit, 1ms, static_cast<std::size_t>(i % 2));
  after.answer(Outcome::Hit, 1ms);
  after.answer(Outcome::Hit, 40s);
  REQUIRE(after.metrics.take_totals(before.metrics.totals()));
  CHECK(after[kHits] == "5");
  CHECK(after["avatar_edge_response_bytes_total"] == "500");
  CHECK(after[kDurations + "_bucket{outcome=\"hit\",le=\"0.001\"}"] == "4");
  CHECK(after[kDurations + "_bucket{outcome=\"hit\",le=\"+Inf\"}"] == "5");
  CHECK(after[kDurations + "_count{outcome=\"hit\"}"] == "5");
  CHECK(std::stod(after[kDurations + "_sum{outcome=\"hit\"}"]) == Approx(40.004));
  SECTION("and goes on to the one after that") {
    Process last;
    last.answer(Outcome::Hit, 1ms);
    REQUIRE(last.metrics.take_totals(after.metrics.totals()));
    CHECK(last[kHits] == "6");
  }
  SECTION("and what it counts afterwards comes in place of that, not in addition") {
    before.answer(Outcome::Hit, 1ms);
    REQUIRE(after.metrics.take_totals(before.metrics.totals()));
    REQUIRE(after.metrics.take_totals(before.metrics.totals()));
    CHECK(after[kHits] == "6");
  }
  SECTION("and a block that came late lets nothing fall") {
    REQUIRE(after.metrics.take_totals("totals 1\navatar_edge_requests_total{outcome=\"hit\"}\t1\n"));
    CHECK(after[kHits] == "5");
  }
}

TEST_CASE("a total that was shown without what the process before had counted does not leap by it later",
          "[metrics][handover]") {
  Process before, after;
  before.answer(Outcome::Hit, 1ms);
  SECTION("where it has said nothing") {}
  SECTION("where what it has said was refused") { CHECK_FALSE(after.metrics.take_totals("broken")); }
  CHECK_FALSE(after.metrics.begin_showing());
  after.answer(Outcome::Hit, 1ms);
  CHECK(after.metrics.take_totals(before.metrics.totals()));
  CHECK(after[kHits] == "1");
}

TEST_CASE("a total that was shown with what the process before had counted goes on with it", "[metrics][handover]") {
  Process before, after;
  REQUIRE(after.metrics.take_totals(before.metrics.totals()));
  CHECK(after.metrics.begin_showing());
  before.answer(Outcome::Hit, 1ms);
  REQUIRE(after.metrics.take_totals(before.metrics.totals()));
  CHECK(after[kHits] == "1");
}

TEST_CASE("gauges and what is of the process itself are not carried", "[metrics][handover]") {
  Process before, after;
  before.metrics.worker(0).connection_opened();
  const std::string block = before.metrics.totals();
  CHECK(block.find("avatar_edge_connections_accepted_total\t1\n") != std::string::npos);
  CHECK(block.find("connections_open\t") == std::string::npos);
  CHECK(block.find("process_") == std::string::npos);
  CHECK(block.find("cache_bytes") == std::string::npos);
  REQUIRE(after.metrics.take_totals(block));
  CHECK(after["avatar_edge_cache_bytes"] == "7");
  CHECK(after["avatar_edge_connections_open"] == "0");
}

TEST_CASE("a process that another has replaced shows what it had counted then, and tells what it counts",
          "[metrics][handover]") {
  Process before;
  before.answer(Outcome::Hit, 1ms);
  before.metrics.freeze_totals();
  before.answer(Outcome::Hit, 1ms);
  before.metrics.freeze_totals();  // Once.
  before.metrics.worker(0).connection_opened();
  CHECK(before[kHits] == "1");
  CHECK(before[kDurations + "_count{outcome=\"hit\"}"] == "1");
  CHECK(before["avatar_edge_connections_open"] == "1");
  CHECK(before.metrics.totals().find(kHits + "\t2\n") != std::string::npos);
}

TEST_CASE("of two versions of the program what both count in the same way is carried", "[metrics][handover]") {
  const std::string block = Totals({counter("a_total", 2, {{"end", "x y"}}), counter("gone_total", 9),
                                    counter("now_a_histogram", 9), histogram("h", {{1, 0.5}, {3, kInfinity}}, 1.25),
                                    histogram("other_bounds", {{1, 0.5}, {3, kInfinity}}, 9)})
                                .block();
  const auto now =
      added(block, {counter("a_total", 1, {{"end", "x y"}}), counter("a_total", 1, {{"end", "new"}}),
                    histogram("now_a_histogram", {{1, kInfinity}}, 1), histogram("h", {{0, 0.5}, {1, kInfinity}}, 2),
                    histogram("other_bounds", {{1, 0.25}, {3, kInfinity}}, 1)});
  CHECK(now[0].metric[0].counter.value == 3);
  CHECK(now[1].metric[0].counter.value == 1);
  CHECK(now[2].metric[0].histogram.sample_sum == 1);
  CHECK(now[3].metric[0].histogram.bucket[0].cumulative_count == 1);
  CHECK(now[3].metric[0].histogram.bucket[1].cumulative_count == 4);
  CHECK(now[3].metric[0].histogram.sample_count == 4);
  CHECK(now[3].metric[0].histogram.sample_sum == 3.25);
  CHECK(now[4].metric[0].histogram.sample_sum == 1);
}

TEST_CASE("a block comes back as it was, to the last digit", "[metrics][handover]") {
  const std::string block =
      Totals({counter("a_total", 9007199254740991), histogram("h", {{1, 0.0001}, {3, kInfinity}}, 0.1 + 0.2)}).block();
  const auto totals = Totals::parse(block);
  REQUIRE(totals);
  CHECK(totals->size() == 2);
  CHECK(totals->block() == block);
}

TEST_CASE("bytes that a busy edge sends in years are a count", "[metrics][handover]") {
  const auto now = added(Totals({counter("bytes_total", 1e17)}).block(), {counter("bytes_total", 5e16)});
  CHECK(now[0].metric[0].counter.value == 1.5e17);
  CHECK(why_not("totals 1\na\t1e18\nh\t1\tinf=1e18\n").empty());
  CHECK_FALSE(why_not("totals 1\na\t1.1e18\n").empty());
}

TEST_CASE("a block that is broken is refused as a whole", "[metrics][handover]") {
  CHECK(why_not("totals 1\na\t1\nh\t0.5\t1=2\tinf=3\n").empty());
  CHECK(why_not("totals 1").empty());
  for (const std::string block : {"", "totals 2\na\t1\n", "a\t1\n"}) CHECK_FALSE(why_not(block).empty());
  for (const std::string line : {"", "a", "a\t", "\t1", "a\tb", "a\t-1", "a\tnan", "a\tinf", "a\t1e300", "a\t1 ",
                                 "h\t1\t1=1", "h\t1\tinf=-1", "h\t1\t=1", "h\t1\tnan=1", "h\t1\t1=2\tinf=1",
                                 "h\t1\t2=1\t1=2\tinf=3", "h\t1\t1=1\t1=1\tinf=3", "h\t1\tinf", "b\t1"}) {
    INFO(line);
    CHECK_THAT(why_not("totals 1\nb\t1\n" + line + "\nc\t1\n"), Catch::StartsWith("line 3 "));
  }
  Process process;
  process.answer(Outcome::Hit, 1ms);
  CHECK_FALSE(process.metrics.take_totals("totals 1\n" + kHits + "\t5\nbroken\n"));
  CHECK(process[kHits] == "1");
}

TEST_CASE("a block is bounded, in bytes, series and buckets", "[metrics][handover]") {
  std::string many = "totals 1\n", wide = "totals 1\nh\t1";
  for (std::size_t i = 0; i < Totals::kSeriesMax; ++i) many += "s" + std::to_string(i) + "\t1\n";
  CHECK(why_not(many).empty());
  CHECK_FALSE(why_not(many + "more\t1\n").empty());
  for (int i = 0; i < 64; ++i) wide += "\t" + std::to_string(i) + "=1";
  CHECK_FALSE(why_not(wide + "\tinf=1\n").empty());
  CHECK_FALSE(why_not("totals 1\n" + std::string(Totals::kBlockBytesMax, 'x')).empty());
  auto totals = *Totals::parse(many);
  totals.rise_to(*Totals::parse("totals 1\nmore\t1\n"));
  CHECK(totals.size() == Totals::kSeriesMax);
}
