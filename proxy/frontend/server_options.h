// What a client may ask of us, and how long it may take. Every limit has a counter: metrics::Limit.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "frontend/client_access.h"
#include "frontend/http2_options.h"

namespace edge::frontend {

struct ServerOptions {
  std::uint32_t connections_max = 20'000;        // In all; more are told 503 and closed.
  std::uint32_t connections_per_client_max = 0;  // Of one IPv4 address or IPv6 /64, on all workers. 0: no limit.
  std::uint32_t handshakes_per_turn_max = 8;     // TLS handshakes that go on in one turn; others wait for the next.
  std::uint32_t requests_per_connection_max = 100'000;  // Then the connection is closed, so load can move. 0: no limit.
  std::uint32_t header_bytes_max = 16 * 1024;           // Field lines of a request; more is 431.
  std::uint32_t header_count_max = 100;                 // Field lines of a request; more is 431.
  std::uint32_t target_bytes_max = 4 * 1024;            // Request target; longer is 414.
  std::uint64_t body_bytes_max = 32ull << 20;           // Request body; larger is 413.
  std::chrono::milliseconds idle_timeout{60'000};       // Between requests; then the connection is closed.
  std::chrono::milliseconds drain_idle_timeout{2'000};  // Likewise, from when the server began to drain.
  std::chrono::milliseconds header_timeout{
      10'000};                                     // From the first byte of a request to the end of its head; then 408.
  std::chrono::milliseconds body_timeout{30'000};  // Between two pieces of a request body; then 408.
  std::chrono::milliseconds write_timeout{30'000};  // A client that takes nothing for so long is cut off.
  Http2Options http2{};
  std::shared_ptr<const ClientAccess> access{};  // Null: everybody is served, and nobody's word about others counts.
};

}  // namespace edge::frontend
