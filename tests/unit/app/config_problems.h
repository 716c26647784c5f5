// What is wrong with a text of the configuration, as tests name it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "app/config.h"
#include "support/catch.h"

namespace edge::app {

// All of a text's problems, one a line.
inline std::string problems(std::string_view text, const std::filesystem::path& folder = {}) {
  const LoadedConfig loaded = parse_config(text, folder);
  CHECK(loaded.config.has_value() == loaded.problems.empty());
  std::string out;
  for (const Problem& problem : loaded.problems) out += format_problem("f", problem) + "\n";
  return out;
}

}  // namespace edge::app
