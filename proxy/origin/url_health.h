// Whether a URL of the origin is healthy, by what checks of it come to. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace edge::origin {

struct HealthOptions {
  std::string path{};                         // What each URL is asked for, behind its prefix; empty: none is checked.
  std::chrono::milliseconds interval{5'000};  // From the start of one check of a URL to that of the next.
  std::chrono::milliseconds timeout{1'000};   // To the last byte of its answer. Not longer than `interval`.
  std::uint32_t failures = 3;                 // In a row, which make a URL unhealthy; at least 1.
  std::uint32_t successes = 2;                // In a row, which make it healthy again; at least 1.
  std::uint16_t status_min = 200;             // Answers from this
  std::uint16_t status_max = 399;             // to this are good.
};

// Healthy until checks have shown that it is not: at the start nothing is known, and requests find out by themselves.
class UrlHealth {
 public:
  bool is_healthy() const { return is_healthy_; }
  // What a check has come to. Whether that changes what is thought of the URL.
  bool note(bool is_good, const HealthOptions& options) {
    if (is_good == is_healthy_) {
      against_ = 0;
      return false;
    }
    if (++against_ < (is_healthy_ ? options.failures : options.successes)) return false;
    is_healthy_ = is_good;
    against_ = 0;
    return true;
  }

 private:
  bool is_healthy_ = true;
  std::uint32_t against_ = 0;  // Checks in a row that speak against what is thought.
};

}  // namespace edge::origin
