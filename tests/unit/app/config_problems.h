// What a text of the configuration comes to: what is wrong with it, or what it says.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "app/config.h"
#include "support/catch.h"

namespace edge::app {

// All of a text's problems, one a line, without the folder's name.
inline std::string problems(std::string_view text, const std::filesystem::path& folder = {}) {
  const LoadedConfig loaded = parse_config(text, folder);
  CHECK(loaded.config.has_value() == loaded.problems.empty());
  std::string out;
  for (const Problem& problem : loaded.problems) out += format_problem("f", problem) + "\n";
  const std::string name = folder.string();
  for (std::size_t at; !name.empty() && (at = out.find(name)) != std::string::npos;) out.erase(at, name.size());
  return out;
}

// Ends the test where it has problems.
inline Config good(LoadedConfig loaded) {
  for (const Problem& problem : loaded.problems) UNSCOPED_INFO(format_problem("f", problem));
  REQUIRE(loaded);
  return *std::move(loaded.config);
}
inline Config good(std::string_view text, const std::filesystem::path& folder = {}) {
  return good(parse_config(text, folder));
}

}  // namespace edge::app
