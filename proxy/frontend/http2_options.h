// What a client may do on a connection of HTTP/2, beyond what ServerOptions says of requests on any protocol.
#pragma once

#include <cstdint>

namespace edge::frontend {

// A second's worth of frames of one kind; who sends more ends the connection with ENHANCE_YOUR_CALM. The limits stand
// far above what a client does that scrolls through a list, and far below what costs us anything.
struct Http2Options {
  bool enabled = true;              // Else who speaks it in the clear is told 505, and over TLS it is not offered.
  std::uint32_t streams_max = 128;  // Requests under way on a connection; who knows and makes more loses it.
  std::uint32_t resets_per_second_max = 200;            // RST_STREAM, and requests that are reset for being malformed.
  std::uint32_t pings_per_second_max = 50;              // PING.
  std::uint32_t settings_per_second_max = 20;           // SETTINGS.
  std::uint32_t priorities_per_second_max = 1'000;      // PRIORITY and PRIORITY_UPDATE.
  std::uint32_t window_updates_per_second_max = 1'000;  // WINDOW_UPDATE, beyond four for each DATA frame of ours.
  std::uint32_t empty_frames_per_second_max = 50;       // DATA with neither data nor end.
  std::uint32_t continuations_max = 8;                  // CONTINUATION, for one request.
};

}  // namespace edge::frontend
