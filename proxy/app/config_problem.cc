#include "app/config_problem.h"

#include <cstdio>

namespace edge::app {

std::string format_problem(std::string_view file, const Problem& problem) {
  std::string line(file);
  if (problem.at.line > 0)
    line.append(":").append(std::to_string(problem.at.line)).append(":").append(std::to_string(problem.at.column));
  return line.append(": ").append(problem.text);
}

namespace {

std::string quote_shortened(std::string_view text, std::size_t shown_max) {
  std::string out = "'";
  for (const char c : text.substr(0, shown_max)) {
    if (c >= ' ' && c != 0x7f) {
      out += c;
      continue;
    }
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += escaped;
  }
  if (text.size() > shown_max) out += "...";
  return out += "'";
}

}  // namespace

std::string quote(std::string_view text) { return quote_shortened(text, 80); }

std::string quote_path(const std::filesystem::path& file) {
  return quote_shortened(file.native(), std::string_view::npos);
}

}  // namespace edge::app
