// How many frames of each kind a client sends in a second. All of them are cheap to send and cost us something.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/clock.h"
#include "frontend/http2_options.h"
#include "metrics/outcome.h"

namespace edge::frontend {

// A member of its session.
class Http2FrameRates {
 public:
  enum class Kind { Reset, Ping, Settings, Priority, WindowUpdate, Empty, Count };

  explicit Http2FrameRates(const Http2Options& options);

  // One more has come; the limit that it exceeds, if it does.
  std::optional<metrics::Limit> count(Kind kind, Instant now);
  // A DATA frame of ours, which entitles the client to some updates of its windows.
  void count_sent_data() { ++sent_data_; }

 private:
  struct Rate {
    std::uint32_t max;
    metrics::Limit limit;
    std::uint32_t count = 0;
  };

  std::array<Rate, static_cast<std::size_t>(Kind::Count)> rates_;
  std::uint64_t sent_data_ = 0;  // This second and the one before.
  std::uint64_t sent_data_before_ = 0;
  Instant second_{};  // When it began.
};

}  // namespace edge::frontend
