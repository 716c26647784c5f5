#include "app/config_problem.h"

#include <cstdio>

namespace edge::app {

std::string format_problem(std::string_view file, const Problem& problem) {
  std::string line(file);
  if (problem.at.line > 0)
    line.append(":").append(std::to_string(problem.at.line)).append(":").append(std::to_string(problem.at.column));
  return line.append(": ").append(problem.text);
}

std::string quote(std::string_view text) {
  constexpr std::size_t kShown = 80;
  std::string out = "'";
  for (const char c : text.substr(0, kShown)) {
    if (c >= ' ' && c != 0x7f) {
      out += c;
      continue;
    }
    char escaped[5];
    std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += escaped;
  }
  if (text.size() > kShown) out += "...";
  return out += "'";
}

}  // namespace edge::app
