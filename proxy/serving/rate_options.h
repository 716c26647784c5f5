// What an operator allows clients, and how often.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "metrics/outcome.h"

namespace edge::serving {

enum class RateMethods : std::uint8_t {
  All,
  Safe,
  Unsafe,  // What may change something at the origin: all but GET, HEAD, OPTIONS, TRACE, and our own PURGE.
};

// Requests that are alike in one thing share a budget.
struct RateOptions {
  // In which thing. Requests without the header, or without a token that has a subject, are told apart by address: to
  // leave it out must not be a way around.
  metrics::RateKind by = metrics::RateKind::Address;
  std::string header{};  // Of RateKind::Header, in any case.
  RateMethods methods = RateMethods::All;
  std::string rate = "100/s";  // limit::parse_rate.
  std::uint32_t burst = 0;     // At once; 0: as many as the rate's count.
  bool dry_run = false;        // Counts what it would refuse, and refuses nothing.
};

struct LimitOptions {
  std::uint32_t entries = 1'000'000;  // Of the table that all rates share.
  std::vector<RateOptions> rates;     // A request counts in each, in their order, until one refuses it.
  bool is_degraded = false;           // Whether `degraded` counts as well.
  RateOptions degraded{.by = metrics::RateKind::TokenSubject, .methods = RateMethods::Unsafe, .rate = "1/m"};
};

}  // namespace edge::serving
