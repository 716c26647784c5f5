// The command verify: its flags, and from them and the configuration to a run.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace edge::app {

struct VerifyFlags {
  std::vector<std::string> edges;  // URL, or NAME=URL.
  std::optional<std::string> url;
  std::optional<std::string> variant;
  std::vector<std::chrono::milliseconds> after;  // Empty: the default.
  std::optional<std::chrono::milliseconds> run_for;
  std::optional<std::chrono::milliseconds> grace;
  double rate = 50;
  std::string resume;
  std::string metrics;
};

void add_verify_flags(CLI::App& command, VerifyFlags& flags);

// Exit status: 0 where no inconsistent answer was seen, 1 where one was or the feed was never heard, 2 wrong usage.
int verify(const std::string& config_file, const VerifyFlags& flags);

}  // namespace edge::app
