#include "app/top_report.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::app;

namespace {

constexpr const char* kStatus =
    R"({"version":"1","site":"sha","state":"serving","uptime_s":7300,"workers":2,"pid":42,"feed":null,"tier":null,)"
    R"("degraded_reasons":["no_origin: it fails"]})";

Look look_at(std::chrono::seconds at, const std::string& metrics, const std::string& status = kStatus) {
  return {Instant{at}, status, Scrape("process_start_time_seconds 7\n" + metrics)};
}

std::string report(const std::string& before, const std::string& now, const std::string& status = kStatus) {
  const auto text = describe(look_at(std::chrono::seconds{10}, before), look_at(std::chrono::seconds{12}, now, status));
  REQUIRE(text);
  return *text;
}

bool has(const std::string& text, std::string_view what) { return text.find(what) != std::string::npos; }

std::string outcomes(int hits, int misses, int passes) {
  const std::string name = "avatar_edge_requests_total{outcome=\"";
  return name + "hit\"} " + std::to_string(hits) + "\n" + name + "miss\"} " + std::to_string(misses) + "\n" + name +
         "pass\"} " + std::to_string(passes) + "\n";
}

}  // namespace

TEST_CASE("rates are of a second between the two looks", "[app][top]") {
  const std::string text = report(outcomes(100, 10, 0), outcomes(190, 20, 40));
  CHECK(has(text, "requests    70.0/s"));
  CHECK(has(text, "hit 45.0"));
  CHECK(has(text, "miss 5.0"));
  CHECK(has(text, "pass 20.0"));
}

TEST_CASE("the hit ratio is of what could have been a hit", "[app][top]") {
  CHECK(has(report(outcomes(0, 0, 0), outcomes(90, 10, 40)), "hit ratio   90.00 %\n"));
  CHECK(has(report(outcomes(90, 10, 0), outcomes(90, 10, 5)), "hit ratio   -\n"));
}

TEST_CASE("latency is of what was answered between the looks", "[app][top]") {
  const auto histogram = [](int fast, int all) {
    const std::string name = "avatar_edge_request_duration_seconds_bucket{outcome=\"hit\",le=\"";
    return name + "0.001\"} " + std::to_string(fast) + "\n" + name + "1\"} " + std::to_string(all) + "\n" + name +
           "+Inf\"} " + std::to_string(all) + "\n";
  };
  CHECK(has(report(histogram(0, 1000), histogram(100, 1100)), "latency     p50 0.50 ms   p90 0.90 ms   p99 0.99 ms\n"));
  CHECK(has(report(histogram(5, 5), histogram(5, 5)), "latency     p50 -   p90 -   p99 -\n"));
}

TEST_CASE("the hottest avatars are told in their order, by requests a second", "[app][top]") {
  const auto line = [](const std::string& hottest) {
    Look now = look_at(std::chrono::seconds{12}, "");
    now.hottest = hottest;
    const auto text = describe(look_at(std::chrono::seconds{10}, ""), now);
    REQUIRE(text);
    const std::size_t from = text->find("hottest     ") + 12;
    return text->substr(from, text->find("\norigin") - from);
  };
  CHECK(line(R"({"seconds":2.0,"avatars":[{"avatar":"42","requests":300,"error_max":0},)"
             R"({"avatar":"a/b","requests":5,"error_max":3}]})") == "42 150.0/s   a/b ~2.5/s");
  CHECK(line(R"({"seconds":2.0,"avatars":[]})") == "none");
  CHECK(line(R"({"seconds":0.0,"avatars":[]})") == "-");
  CHECK(line("") == "-");
  SECTION("nothing that a client has made up moves the terminal's cursor, or fills it") {
    CHECK(line(R"({"seconds":1,"avatars":[{"avatar":"\u001b[2J \u009b%é","requests":1,"error_max":0}]})") ==
          "%1B[2J%20%C2%9B%25%C3%A9 1.0/s");
    CHECK(line(R"({"seconds":1,"avatars":[{"avatar":")" + std::string(200, 'x') +
               R"(","requests":1,"error_max":0}]})") == std::string(40, 'x') + "... 1.0/s");
  }
  SECTION("no more than ten") {
    std::string many;
    for (int i = 0; i < 12; ++i)
      many += (many.empty() ? "" : ",") + (R"({"avatar":"n)" + std::to_string(i) + R"(","requests":1,"error_max":0})");
    const std::string told = line(R"({"seconds":1,"avatars":[)" + many + "]}");
    CHECK((has(told, "n9 1.0/s") && !has(told, "n10")));
  }
}

TEST_CASE("what there is not is none", "[app][top]") {
  const std::string text = report("", "");
  CHECK(has(text, "feed        none\n"));
  CHECK(has(text, "tier        none\n"));
  CHECK(has(text, "avatar-edge 1, site sha   serving for 2 h   workers 2   process 42\n"));
  CHECK(has(text, "degraded    no_origin: it fails\n"));
}

TEST_CASE("feed and tier are told where they are", "[app][top]") {
  const std::string status = R"({"lease_ms":4900,"feed":{},"tier":{}})";
  const std::string text = report(
      "", "avatar_edge_tier_open 1\navatar_edge_feed_events_applied_total 4\navatar_edge_feed_gaps_total 3\n", status);
  CHECK(has(text, "feed        lease 4.90 s left   events 2.0/s   gaps 3   lag p50 -   p99 -\n"));
  CHECK(has(text, "tier        open   "));
}

TEST_CASE("no line is longer than a terminal is wide", "[app][top]") {
  const std::string text = report("", "");
  for (std::size_t begin = 0, end; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1)
    CHECK(end - begin <= 80);
}

TEST_CASE("an edge that was started anew between the looks is not compared with itself", "[app][top]") {
  const auto later = Look{Instant{std::chrono::seconds{12}}, kStatus, Scrape("process_start_time_seconds 8\n")};
  const auto text = describe(look_at(std::chrono::seconds{10}, ""), later);
  REQUIRE_FALSE(text);
  CHECK(text.error().message == "the edge was started anew");
}

TEST_CASE("a status that is none is said to be so", "[app][top]") {
  CHECK_FALSE(describe(look_at(std::chrono::seconds{1}, ""), look_at(std::chrono::seconds{2}, "", "what")));
}
