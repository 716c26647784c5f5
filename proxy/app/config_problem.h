// What is wrong with a configuration file, and where.
#pragma once

#include <compare>
#include <filesystem>
#include <string>
#include <string_view>

namespace edge::app {

// Both count from 1; the column counts bytes. Line 0: the file as a whole.
struct Position {
  int line = 0;
  int column = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Problem {
  Position at;
  std::string text;  // Names the key's path and, where possible, what would be right. No full stop.
  friend auto operator<=>(const Problem&, const Problem&) = default;
};

// FILE:LINE:COLUMN: text.
std::string format_problem(std::string_view file, const Problem& problem);

// `text` in single quotes for a message: shortened, control bytes escaped.
std::string quote(std::string_view text);
// The same for a path, of which the end counts: whole.
std::string quote_path(const std::filesystem::path& file);

}  // namespace edge::app
