// avatar-edge top: how a running edge does, looked at again and again.
#pragma once

#include <chrono>
#include <string>

namespace edge::app {

struct TopFlags {
  bool once = false;                          // One report, of one interval.
  std::chrono::milliseconds interval{1'000};  // Between two looks.
};

// The exit status: 0 when it was ended, or with `once` when there was a report; else 1, after saying why on standard
// error. An edge that goes away is waited for, unless `once`.
int top(const std::string& config_file, const TopFlags& flags);

}  // namespace edge::app
