// What `avatar-edge verify` is told.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "feed/feed_options.h"
#include "origin/origin.h"
#include "verify/target_pattern.h"

namespace edge::verify {

// An edge as clients reach it.
struct Site {
  std::string name;  // In metrics, reports and the resume file.
  std::string url;
};

struct VerifyOptions {
  feed::FeedOptions feed;        // Read alone; nothing is written.
  origin::OriginOptions origin;  // Who decides what is right.
  std::vector<Site> sites;
  TargetPattern target;
  std::string version_header;
  std::string user_agent;
  // So long after a change was heard of it is asked for; ascending.
  std::vector<std::chrono::milliseconds> scales{std::chrono::milliseconds{200}, std::chrono::seconds{1},
                                                std::chrono::seconds{5}, std::chrono::seconds{60}};
  // No publisher takes longer from a commit to its event, and no replica of the origin lags longer; an edge is accused
  // no sooner.
  std::chrono::milliseconds grace{1'000};
  double rate = 50;                                    // Requests to each edge in a second, and to the origin.
  std::uint32_t concurrent_max = 16;                   // Requests under way at each.
  std::uint32_t queue_max = 1'000;                     // Requests waiting at each.
  std::uint32_t checks_max = 40'000;                   // Planned: changes times time-scales.
  std::size_t remembered_max = 20'000;                 // Avatars whose last answer of the origin is remembered.
  std::optional<std::chrono::milliseconds> run_for{};  // Absent: until a signal.
  std::chrono::milliseconds report_every{60'000};
  std::filesystem::path resume_file{};  // Empty: none.
  std::string metrics_address{};        // Empty: none.
};

}  // namespace edge::verify
