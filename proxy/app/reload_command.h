// avatar-edge reload: asks the running edge to read its configuration again, and says what came of it.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace edge::app {

// The exit status: 0 it has been asked for, or with `wait` is in force on every worker; else 1, after saying why on
// standard error. The edge is not asked where the file has mistakes.
int reload(const std::string& config_file, std::optional<std::chrono::milliseconds> wait);

}  // namespace edge::app
