// Answers of our own when something is wrong: 4xx and 5xx with the reason in Cache-Status and Proxy-Status, and with
// the id of the request, by which it is found in the access log.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "frontend/exchange.h"
#include "http/proxy_error.h"

namespace edge::frontend {

struct ErrorResponse {
  std::uint16_t status = 500;
  http::ProxyError error = http::ProxyError::ProxyInternalError;
  std::string_view detail{};                          // A phrase; goes to Proxy-Status and the body.
  std::optional<std::chrono::seconds> retry_after{};  // For 429 and 503.
  std::string_view cache_status = "avatar-edge";      // The whole member.
  std::string_view more_fields{};                     // Further field lines.
  metrics::Outcome outcome = metrics::Outcome::Error;
  std::string_view log_detail{};  // For the access log.
};

// Answers the exchange, whose response must not have started. Not to be stored by anyone.
void respond_error(Exchange& exchange, const ErrorResponse& error);

}  // namespace edge::frontend
