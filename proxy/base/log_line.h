// One line of the plain log as text.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"

namespace edge {

// What is longer is cut off there.
inline constexpr std::size_t kLogTextBytesMax = 8 * 1024;

// Appends `2026-11-22T21:00:00.123Z INFO config.reloaded text`, without a newline. Control characters in the text and
// bytes that are not UTF-8 become \n, \t or \x1b, so nobody outside can forge a line or steer a terminal.
void append_log_line(std::string& to, WallTime time, LogLevel level, std::string_view event, std::string_view text);

}  // namespace edge
