#include "frontend/http2_frame_rates.h"

namespace edge::frontend {
namespace {

constexpr std::uint64_t kUpdatesPerData = 4;

}  // namespace

Http2FrameRates::Http2FrameRates(const Http2Options& options)
    : rates_{{{options.resets_per_second_max, metrics::Limit::Http2Resets},
              {options.pings_per_second_max, metrics::Limit::Http2Pings},
              {options.settings_per_second_max, metrics::Limit::Http2Settings},
              {options.priorities_per_second_max, metrics::Limit::Http2Priorities},
              {options.window_updates_per_second_max, metrics::Limit::Http2WindowUpdates},
              {options.empty_frames_per_second_max, metrics::Limit::Http2EmptyFrames}}} {}

std::optional<metrics::Limit> Http2FrameRates::count(Kind kind, Instant now) {
  if (now - second_ >= std::chrono::seconds{1}) {
    second_ = now;
    for (Rate& rate : rates_) rate.count = 0;
    sent_data_before_ = sent_data_;
    sent_data_ = 0;
  }
  Rate& rate = rates_[static_cast<std::size_t>(kind)];
  ++rate.count;
  const std::uint64_t entitled = kind == Kind::WindowUpdate ? kUpdatesPerData * (sent_data_ + sent_data_before_) : 0;
  if (rate.count <= rate.max + entitled) return std::nullopt;
  return rate.limit;
}

}  // namespace edge::frontend
