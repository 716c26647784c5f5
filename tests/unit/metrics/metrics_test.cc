#include "metrics/metrics.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "support/catch.h"

using namespace edge;
using namespace edge::metrics;
using namespace std::chrono_literals;

namespace {

// An exposition as a scraper reads it.
struct Scrape {
  explicit Scrape(const std::string& text) {
    std::istringstream input(text);
    for (std::string line; std::getline(input, line);) {
      std::istringstream words(line);
      std::string mark, kind, name, rest;
      if (line.starts_with("# ")) {
        words >> mark >> kind >> name;
        std::getline(words >> std::ws, rest);
        (kind == "HELP" ? help : type)[name] = rest;
        if (kind == "TYPE") ++declarations[name];
      } else {
        const std::size_t space = line.rfind(' ');
        const std::string key = line.substr(0, space);
        if (!series.emplace(key, std::stod(line.substr(space + 1))).second) duplicates.insert(key);
        order.push_back(key);
      }
    }
  }
  double operator[](const std::string& key) const {
    INFO(key);
    REQUIRE(series.contains(key));
    return series.at(key);
  }

  std::map<std::string, std::string> help, type;
  std::map<std::string, int> declarations;
  std::map<std::string, double> series;
  std::vector<std::string> order;
  std::set<std::string> duplicates;
};

struct TwoWorkers {
  FakeClock clock;
  CacheGauges cache;
  Metrics metrics{2, {.site = "sha-1", .version = "0.1.0"}, clock, [this] { return cache; }};
  Scrape scrape() const { return Scrape(metrics.exposition()); }
};

std::string family_of(std::string series, const Scrape& scrape) {
  series = series.substr(0, series.find('{'));
  for (const std::string suffix : {"_bucket", "_sum", "_count"})
    if (series.ends_with(suffix)) {
      const std::string stem = series.substr(0, series.size() - suffix.size());
      const auto type = scrape.type.find(stem);
      if (type != scrape.type.end() && type->second == "histogram") return stem;
    }
  return series;
}

}  // namespace

TEST_CASE_METHOD(TwoWorkers, "each metric has one help text, one type and a name by the conventions", "[metrics]") {
  const Scrape scrape = this->scrape();
  REQUIRE(scrape.series.size() > 100);
  CHECK(scrape.duplicates.empty());
  for (const std::string& series : scrape.order) {
    const std::string family = family_of(series, scrape);
    INFO(series);
    REQUIRE(scrape.type.contains(family));
    CHECK(scrape.declarations.at(family) == 1);
    CHECK(scrape.help.at(family).ends_with('.'));
    CHECK((family.starts_with("avatar_edge_") || family.starts_with("process_")));
    CHECK((scrape.type.at(family) == "counter") == family.ends_with("_total"));
    if (scrape.type.at(family) == "histogram") CHECK(family.ends_with("_seconds"));
  }
}

TEST_CASE_METHOD(TwoWorkers, "what the workers and the main thread count is summed up", "[metrics]") {
  metrics.worker(0).request_finished(Outcome::Hit, 200, 1'000, 1ms);
  metrics.worker(1).request_finished(Outcome::Hit, 304, 200, 1ms);
  metrics.main_thread().request_finished(Outcome::Local, 200, 34, 1ms);
  metrics.worker(1).connection_opened();
  metrics.worker(1).connection_opened();
  metrics.worker(1).connection_closed();
  metrics.worker(0).limit_reached(Limit::OriginQueue);
  metrics.worker(1).fills[FillEnd::Voided].add();
  metrics.worker(0).origin_request_started();
  metrics.worker(0).origin_request_ended(OriginEnd::Timeout, 5s);

  const Scrape scrape = this->scrape();
  CHECK(scrape[R"(avatar_edge_requests_total{outcome="hit"})"] == 2);
  CHECK(scrape[R"(avatar_edge_requests_total{outcome="local"})"] == 1);
  CHECK(scrape[R"(avatar_edge_requests_total{outcome="error"})"] == 0);
  CHECK(scrape[R"(avatar_edge_responses_total{class="2xx"})"] == 2);
  CHECK(scrape[R"(avatar_edge_responses_total{class="3xx"})"] == 1);
  CHECK(scrape["avatar_edge_response_bytes_total"] == 1'234);
  CHECK(scrape["avatar_edge_connections_accepted_total"] == 2);
  CHECK(scrape["avatar_edge_connections_open"] == 1);
  CHECK(scrape[R"(avatar_edge_limits_reached_total{limit="origin_queue"})"] == 1);
  CHECK(scrape[R"(avatar_edge_fills_total{end="voided"})"] == 1);
  CHECK(scrape[R"(avatar_edge_origin_requests_total{end="timeout"})"] == 1);
  CHECK(scrape["avatar_edge_origin_requests_in_flight"] == 0);
}

TEST_CASE_METHOD(TwoWorkers, "the buckets of a histogram are cumulative and the last one counts all", "[metrics]") {
  metrics.worker(0).origin_request_ended(OriginEnd::Status2xx, 100us);  // A bound belongs to its bucket.
  metrics.worker(0).origin_request_ended(OriginEnd::Status2xx, 101us);
  metrics.worker(1).origin_request_ended(OriginEnd::Status2xx, 2ms);
  metrics.worker(1).origin_request_ended(OriginEnd::Timeout, 60s);

  const Scrape scrape = this->scrape();
  const std::string name = "avatar_edge_origin_request_duration_seconds";
  CHECK(scrape[name + R"(_bucket{le="0.0001"})"] == 1);
  CHECK(scrape[name + R"(_bucket{le="0.00025"})"] == 2);
  CHECK(scrape[name + R"(_bucket{le="0.0025"})"] == 3);
  CHECK(scrape[name + R"(_bucket{le="30"})"] == 3);
  CHECK(scrape[name + R"(_bucket{le="+Inf"})"] == 4);
  CHECK(scrape[name + "_count"] == 4);
  CHECK(std::abs(scrape[name + "_sum"] - 60.002201) < 1e-9);

  std::vector<double> buckets;
  for (const std::string& series : scrape.order)
    if (series.starts_with(name + "_bucket")) buckets.push_back(scrape[series]);
  CHECK(buckets.size() == Histogram::kBounds.size() + 1);
  CHECK(std::is_sorted(buckets.begin(), buckets.end()));
}

TEST_CASE_METHOD(TwoWorkers, "of overload the worst of the workers is told, by cause", "[metrics][overload]") {
  const std::string degraded = R"(avatar_edge_degraded{reason="overload"})";
  const std::string lag = R"(avatar_edge_overload_level{cause="loop_lag"})";
  const std::string memory = R"(avatar_edge_overload_level{cause="memory"})";
  CHECK(scrape()[degraded] == 0);
  CHECK(scrape()[lag] == 0);
  metrics.worker(0).loop_lag.observe(400ms);
  metrics.worker(0).loop_lag_sustained_ns.set(300'000'000);
  metrics.worker(1).loop_lag_sustained_ns.set(10);
  metrics.worker(0).overload_levels[OverloadCause::LoopLag].set(1);
  metrics.worker(1).overload_levels[OverloadCause::Memory].set(3);
  const Scrape scrape = this->scrape();
  CHECK(scrape["avatar_edge_loop_lag_sustained_seconds"] == 0.3);
  CHECK(scrape["avatar_edge_loop_lag_seconds_count"] == 1);
  CHECK(scrape[lag] == 1);
  CHECK(scrape[memory] == 3);
  CHECK(scrape[degraded] == 1);
  metrics.worker(1).overload_levels[OverloadCause::Memory].set(0);
  CHECK(this->scrape()[degraded] == 1);
  metrics.worker(0).overload_levels[OverloadCause::LoopLag].set(0);
  CHECK(this->scrape()[degraded] == 0);
}

TEST_CASE_METHOD(TwoWorkers, "the cache is asked at each scrape", "[metrics]") {
  CHECK(scrape()["avatar_edge_cache_bytes"] == 0);
  cache.bytes = 4'096;
  cache.budget_bytes = 536'870'912;
  cache.evictions = {3, 5};
  const Scrape scrape = this->scrape();
  CHECK(scrape["avatar_edge_cache_bytes"] == 4'096);
  CHECK(scrape["avatar_edge_cache_budget_bytes"] == 536'870'912);
  CHECK(scrape[R"(avatar_edge_cache_evictions_total{queue="small"})"] == 3);
  CHECK(scrape[R"(avatar_edge_cache_evictions_total{queue="main"})"] == 5);
}

TEST_CASE_METHOD(TwoWorkers, "a failed reload shows, and since when the configuration in force is", "[metrics]") {
  const std::string successful = "avatar_edge_config_last_reload_successful";
  const std::string loaded_at = "avatar_edge_config_last_reload_success_timestamp_seconds";
  const double started = scrape()[loaded_at];
  CHECK(scrape()[successful] == 1);

  clock.advance(10s);
  metrics.config_reloaded(ReloadResult::Failed, 1);
  CHECK(scrape()[successful] == 0);
  CHECK(scrape()[loaded_at] == started);

  clock.advance(10s);
  metrics.config_reloaded(ReloadResult::Ok, 2);
  const Scrape scrape = this->scrape();
  CHECK(scrape[successful] == 1);
  CHECK(std::abs(scrape[loaded_at] - started - 20) < 1e-3);
  CHECK(scrape["avatar_edge_config_reload_id"] == 2);
  CHECK(scrape[R"(avatar_edge_config_reloads_total{result="ok"})"] == 1);
  CHECK(scrape[R"(avatar_edge_config_reloads_total{result="failed"})"] == 1);
}

TEST_CASE_METHOD(TwoWorkers, "invalidations are counted by what asked for them", "[metrics]") {
  metrics.invalidated(Invalidation::PurgeSoft);
  metrics.invalidated(Invalidation::Update);
  metrics.invalidated(Invalidation::Update);
  const Scrape scrape = this->scrape();
  CHECK(scrape[R"(avatar_edge_invalidations_total{kind="update"})"] == 2);
  CHECK(scrape[R"(avatar_edge_invalidations_total{kind="purge_soft"})"] == 1);
  CHECK(scrape[R"(avatar_edge_invalidations_total{kind="unsafe_request"})"] == 0);
}

TEST_CASE_METHOD(TwoWorkers, "TLS handshakes are counted by how they ended", "[metrics][tls]") {
  metrics.worker(0).tls_handshakes[TlsHandshakeEnd::Full].add(2);
  metrics.worker(1).tls_handshakes[TlsHandshakeEnd::Full].add();
  metrics.worker(1).tls_handshakes[TlsHandshakeEnd::Failed].add();
  const Scrape scrape = this->scrape();
  CHECK(scrape["avatar_edge_tls_handshakes_total{end=\"full\"}"] == 3);
  CHECK(scrape["avatar_edge_tls_handshakes_total{end=\"resumed\"}"] == 0);
  CHECK(scrape["avatar_edge_tls_handshakes_total{end=\"failed\"}"] == 1);
  CHECK_FALSE(scrape.type.contains("avatar_edge_tls_certificate_not_after_seconds"));
}

TEST_CASE("certificates are asked for at each scrape", "[metrics][tls]") {
  FakeClock clock;
  std::vector<CertificateGauge> certificates{{"/etc/a.pem", 1'800'000'000}};
  const Metrics metrics(
      1, {.site = "sha-1", .version = "0.1.0"}, clock, [] { return CacheGauges{}; }, nullptr, nullptr,
      [&] { return certificates; });
  CHECK(Scrape(metrics.exposition())["avatar_edge_tls_certificate_not_after_seconds{file=\"/etc/a.pem\"}"] ==
        1'800'000'000);
  certificates = {{"/etc/a.pem", 1'900'000'000}, {"/etc/b \"x\".pem", 1}};
  const Scrape scrape(metrics.exposition());
  CHECK(scrape["avatar_edge_tls_certificate_not_after_seconds{file=\"/etc/a.pem\"}"] == 1'900'000'000);
  CHECK(scrape["avatar_edge_tls_certificate_not_after_seconds{file=\"/etc/b \\\"x\\\".pem\"}"] == 1);
}

TEST_CASE_METHOD(TwoWorkers, "a node says which site and program it is, and how the process fares", "[metrics]") {
  const Scrape scrape = this->scrape();
  CHECK(scrape[R"(avatar_edge_info{site="sha-1"})"] == 1);
  CHECK(metrics.exposition().find(R"(avatar_edge_build_info{version="0.1.0",compiler=")") != std::string::npos);
  CHECK(scrape["process_resident_memory_bytes"] > 100'000);
  CHECK(scrape["process_open_fds"] >= 3);
  CHECK(scrape["process_max_fds"] >= scrape["process_open_fds"]);
  const auto wall = std::chrono::duration<double>(SystemClock{}.wall().time_since_epoch()).count();
  CHECK(scrape["process_start_time_seconds"] <= wall + 2);
  CHECK(scrape["process_start_time_seconds"] > wall - 3'600);
}

TEST_CASE_METHOD(TwoWorkers, "a scrape beside a busy worker sees counters that never fall", "[metrics]") {
  constexpr int kRequests = 20'000;
  std::jthread worker([this] {
    for (int i = 0; i < kRequests; ++i) metrics.worker(0).request_finished(Outcome::Hit, 200, 10, 1ms);
  });
  double last = 0;
  for (int i = 0; i < 20; ++i) {
    const Scrape scrape = this->scrape();
    const double now = scrape[R"(avatar_edge_requests_total{outcome="hit"})"];
    const std::string name = "avatar_edge_request_duration_seconds";
    CHECK(now >= last);
    CHECK(scrape[name + R"(_bucket{outcome="hit",le="+Inf"})"] == scrape[name + R"(_count{outcome="hit"})"]);
    last = now;
  }
  worker.join();
  CHECK(scrape()[R"(avatar_edge_requests_total{outcome="hit"})"] == kRequests);
}
