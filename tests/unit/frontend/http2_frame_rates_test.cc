#include "frontend/http2_frame_rates.h"

#include "support/catch.h"

using namespace edge;
using namespace edge::frontend;
using namespace std::chrono_literals;
using Kind = Http2FrameRates::Kind;

namespace {

const Instant kStart{1'000s};

// How many of a kind are let through at once.
std::uint32_t let_through(Http2FrameRates& rates, Kind kind, Instant now) {
  std::uint32_t count = 0;
  while (!rates.count(kind, now)) ++count;
  return count;
}

}  // namespace

TEST_CASE("so many frames of a kind are let through in a second", "[frontend]") {
  Http2FrameRates rates({.resets_per_second_max = 7, .pings_per_second_max = 3});
  CHECK(let_through(rates, Kind::Ping, kStart) == 3);
  CHECK(rates.count(Kind::Ping, kStart + 999ms) == metrics::Limit::Http2Pings);
  CHECK(let_through(rates, Kind::Reset, kStart) == 7);
  CHECK(let_through(rates, Kind::Ping, kStart + 1s) == 3);
}

TEST_CASE("each kind has its own limit", "[frontend]") {
  const Http2Options options;
  Http2FrameRates rates(options);
  CHECK(let_through(rates, Kind::Reset, kStart) == options.resets_per_second_max);
  CHECK(let_through(rates, Kind::Ping, kStart) == options.pings_per_second_max);
  CHECK(let_through(rates, Kind::Settings, kStart) == options.settings_per_second_max);
  CHECK(let_through(rates, Kind::Priority, kStart) == options.priorities_per_second_max);
  CHECK(let_through(rates, Kind::WindowUpdate, kStart) == options.window_updates_per_second_max);
  CHECK(let_through(rates, Kind::Empty, kStart) == options.empty_frames_per_second_max);
  CHECK(rates.count(Kind::Settings, kStart) == metrics::Limit::Http2Settings);
  CHECK(rates.count(Kind::Priority, kStart) == metrics::Limit::Http2Priorities);
  CHECK(rates.count(Kind::WindowUpdate, kStart) == metrics::Limit::Http2WindowUpdates);
  CHECK(rates.count(Kind::Empty, kStart) == metrics::Limit::Http2EmptyFrames);
}

TEST_CASE("who is sent much may open its windows often", "[frontend]") {
  Http2FrameRates rates({.window_updates_per_second_max = 10});
  rates.count(Kind::Ping, kStart);
  for (int i = 0; i < 5; ++i) rates.count_sent_data();
  CHECK(let_through(rates, Kind::WindowUpdate, kStart) == 30);
  // What was sent in the last second may be answered in this one.
  CHECK(let_through(rates, Kind::WindowUpdate, kStart + 1s) == 30);
  CHECK(let_through(rates, Kind::WindowUpdate, kStart + 2s) == 10);
}
