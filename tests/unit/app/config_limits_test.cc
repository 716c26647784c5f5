#include <algorithm>
#include <fstream>

#include "app/config.h"
#include "app/config_format.h"
#include "app/config_table.h"
#include "support/catch.h"
#include "unit/app/config_problems.h"

using namespace edge;
using namespace edge::app;

TEST_CASE("rates are none by default, and the degraded mode is one upload a minute for a user, off", "[app][limit]") {
  const serving::LimitOptions limits = parse_config("", {}).config->limits;
  CHECK(limits.rates.empty());
  CHECK_FALSE(limits.is_degraded);
  CHECK(limits.degraded.rate == "1/m");
  CHECK(limits.degraded.methods == serving::RateMethods::Unsafe);
}

TEST_CASE("each rate has its own values", "[app][limit]") {
  const serving::LimitOptions limits =
      good(
          "limits:\n"
          "  entries: 2048\n"
          "  rates:\n"
          "  - {by: address, rate: 100/s, burst: 300}\n"
          "  - {by: header, header: X-User-Id, methods: unsafe, rate: 10/h, dry_run: true}\n"
          "  - {by: token-subject}\n"
          "  degraded: {enabled: true, by: header, header: X-User-Id, rate: 2/m}\n")
          .limits;
  CHECK(limits.entries == 2048);
  REQUIRE(limits.rates.size() == 3);
  CHECK(limits.rates[0].by == metrics::RateKind::Address);
  CHECK(limits.rates[0].burst == 300);
  CHECK(limits.rates[1].header == "X-User-Id");
  CHECK(limits.rates[1].methods == serving::RateMethods::Unsafe);
  CHECK(limits.rates[1].dry_run);
  CHECK(limits.rates[2].by == metrics::RateKind::TokenSubject);
  CHECK(limits.rates[2].rate == "100/s");
  CHECK(limits.is_degraded);
  CHECK(limits.degraded.by == metrics::RateKind::Header);
  CHECK(limits.degraded.rate == "2/m");
}

TEST_CASE("what is no rate, and a header that does not fit, are problems where they stand", "[app][limit]") {
  CHECK(problems("limits:\n  rates:\n  - rate: 100\n")
            .starts_with("f:3:11: limits.rates[0].rate: not a rate: '100'; write"));
  CHECK(
      problems("limits:\n  rates:\n  - by: cookie\n").starts_with("f:3:9: limits.rates[0].by: not one of its values"));
  CHECK(problems("limits:\n  rates:\n  - by: header\n") ==
        "f:3:9: limits.rates[0].header is missing; limits.rates[0].by needs it\n");
  CHECK(problems("limits:\n  rates:\n  - header: X\n") ==
        "f:3:13: limits.rates[0].header is of no use, because limits.rates[0].by is not header\n");
  CHECK(problems("limits: {degraded: {by: avatar}}").starts_with("f:1:25: limits.degraded.by: not one of its values"));
  CHECK(problems("limits: {degraded: {by: header}}") ==
        "f:1:25: limits.degraded.header is missing; limits.degraded.by needs it\n");
}

TEST_CASE("a burst that would take more than a year to come back is a mistake", "[app][limit]") {
  CHECK(problems("limits: {rates: [{rate: 1/d, burst: 365}]}").empty());
  CHECK(problems("limits: {rates: [{rate: 1/d, burst: 366}]}") ==
        "f:1:37: limits.rates[0].burst (366) is more than limits.rates[0].rate (1/d) brings in 365 days\n");
}

TEST_CASE("the sample file shows every key of a rate, and says its default", "[app][limit]") {
  std::ifstream file("config/avatar-edge.yaml");
  std::string text, line;
  for (bool is_inside = false; std::getline(file, line);) {
    if (line == "  # rates:") is_inside = true;
    if (is_inside && !line.starts_with("  #   ") && line != "  # rates:") break;
    if (is_inside) text += line.substr(4) + "\n";
  }
  const LoadedConfig loaded = parse_config("limits:\n  " +
                                               [&] {
                                                 std::string indented;
                                                 for (const char c : text)
                                                   indented += c == '\n' ? std::string("\n  ") : std::string(1, c);
                                                 return indented;
                                               }(),
                                           {});
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(format_problem("f", problem));
  REQUIRE(loaded);
  REQUIRE(loaded.config->limits.rates.size() == 1);
  constexpr std::array<std::size_t, 1> kFirst{};
  for (const ConfigKey& key : config_keys()) {
    if (!key.path.starts_with("limits.rates[].")) continue;
    CAPTURE(key.path);
    CHECK(format_value(key, *loaded.config, kFirst) == format_value(key, Config{}, kFirst));
    CHECK(text.find(std::string(key.path.substr(15)) + ":") != std::string::npos);
  }
}
