// One value of the file, read into its member.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "app/config_table.h"
#include "app/yaml_reader.h"

namespace edge::app {

// Where a value goes and where complaints go.
struct ValueTarget {
  const ConfigKey& key;
  std::string_view path;  // The key as messages name it: listen[2].address.
  Items items;            // In lists of maps.
  Position at;            // Where to complain when the value has no place of its own.
  const std::filesystem::path& folder;
  Config& config;
  std::vector<Problem>& problems;
};

// Leaves the member alone, and says why, where the value will not do. Not for keys of the kind Maps.
void read_value(const YamlNode& node, const ValueTarget& target);

}  // namespace edge::app
