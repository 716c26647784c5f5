// Walks a YAML tree by the table of keys.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_rules.h"
#include "app/yaml_reader.h"

namespace edge::app {

// Lives for one reading.
class ConfigReader {
 public:
  // Values go to `config`, complaints to `problems`; files are looked for from `folder`.
  ConfigReader(const std::filesystem::path& folder, Config& config, std::vector<Problem>& problems)
      : folder_(folder), config_(config), problems_(problems) {}

  void read(const YamlNode& root);
  const Places& places() const { return places_; }

 private:
  // A map of the file: how the table calls it ("listen[]."), how messages do ("listen[2]."), and which of each list it
  // is in.
  struct Section {
    std::string prefix;
    std::string shown;
    std::vector<std::size_t> items{};
  };

  void read_section(const YamlNode& node, Position at, const Section& section);
  void read_entry(const YamlEntry& entry, const Section& section);
  void read_key(const YamlEntry& entry, const Section& section, const std::string& path);
  void read_maps(const YamlEntry& entry, const Section& section, const std::string& path);
  void complain(const std::string& shown, Problem problem);
  void complain_unknown(const YamlEntry& entry, const Section& section);

  const std::filesystem::path& folder_;
  Config& config_;
  std::vector<Problem>& problems_;
  Places places_;
};

}  // namespace edge::app
