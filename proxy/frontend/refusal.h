// What is refused before any handler sees it, on any protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "frontend/exchange.h"
#include "metrics/outcome.h"
#include "metrics/worker_metrics.h"

namespace edge::frontend {

struct RequestLimits {
  std::uint32_t header_bytes_max;
  std::uint32_t header_count_max;
  std::uint32_t target_bytes_max;
};

struct Refusal {
  std::uint16_t status = 400;
  std::string_view detail;              // A constant.
  std::optional<metrics::Limit> limit;  // The limit that was reached, if it was one.
};

// What any protocol refuses.
inline constexpr Refusal kTargetTooLong{414, "target too long", metrics::Limit::TargetLength};
inline constexpr Refusal kTooManyFields{431, "too many header fields", metrics::Limit::HeaderCount};
inline constexpr Refusal kFieldsTooLarge{431, "header fields too large", metrics::Limit::HeaderBytes};
inline constexpr Refusal kHostUnclear{400, "Host missing or repeated", {}};
inline constexpr Refusal kUnknownExpectation{417, "expectation not supported", {}};
inline constexpr Refusal kConnectNotServed{501, "CONNECT is not served", {}};
inline constexpr Refusal kBodyTooLarge{413, "request body too large", metrics::Limit::BodyBytes};
inline constexpr Refusal kClientDenied{403, "this client may not ask here", metrics::Limit::Access};
inline constexpr Refusal kBodyTooSlow{408, "request body too slow", metrics::Limit::BodyTimeout};

void count_refusal(const Refusal& refusal, metrics::WorkerMetrics& metrics);
// Answers in the handler's place; the response must not have started.
void respond_refusal(Exchange& exchange, const Refusal& refusal);

}  // namespace edge::frontend
