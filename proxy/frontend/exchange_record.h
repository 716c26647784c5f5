// What metrics and access log are told of an exchange when it is over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "frontend/request_id.h"
#include "http/message.h"
#include "metrics/outcome.h"
#include "net/ip.h"

namespace edge::frontend {

class Connection;

// A member of the exchange.
struct ExchangeRecord {
  Instant begun{};           // When the request's head was complete.
  std::uint16_t status = 0;  // 0: no answer has begun.
  std::uint64_t bytes = 0;   // Of the answer, head and body.
  metrics::Outcome outcome = metrics::Outcome::Error;
  std::string detail{};
  std::optional<net::Ip> forwarded{};    // The client that a trusted proxy names; else it is the connection's.
  mutable std::string forwarded_text{};  // Of that, once somebody has asked for it.
  bool is_from_proxy = false;            // One that is trusted.
  mutable std::uint64_t number = 0;      // By which the request is known, once somebody has asked for it.

  // Who asked before, on the same connection.
  void forget_client() {
    forwarded.reset();
    is_from_proxy = false;
    number = 0;
  }

  // Who asks. False where the client may not.
  bool identify(Connection& connection, const http::RequestHead& request);
  const net::Ip& client(const Connection& connection) const;
  std::string_view client_text(const Connection& connection) const;
  // As Exchange::request_id.
  RequestId request_id(Connection& connection, const http::RequestHead& request) const;

  // `is_complete`: false where the answer was cut off.
  void report(Connection& connection, const http::RequestHead& request, bool is_complete) const;
};

}  // namespace edge::frontend
