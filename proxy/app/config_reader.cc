#include "app/config_reader.h"

#include <algorithm>

#include "app/config_table.h"
#include "app/config_values.h"
#include "app/suggest.h"

namespace edge::app {
namespace {

Position place_of(const YamlNode& node, Position otherwise) {
  return node.kind == YamlNode::Kind::Null || node.at.line == 0 ? otherwise : node.at;
}

bool is_section(std::string_view path) {
  return std::ranges::any_of(config_keys(), [&](const ConfigKey& key) {
    return key.path.size() > path.size() && key.path.starts_with(path) && key.path[path.size()] == '.';
  });
}

// The names that may stand in a section.
std::vector<std::string_view> names_in(std::string_view prefix) {
  std::vector<std::string_view> names;
  for (const ConfigKey& key : config_keys()) {
    if (!key.path.starts_with(prefix)) continue;
    const std::string_view rest = key.path.substr(prefix.size());
    const std::string_view name = rest.substr(0, rest.find_first_of(".["));
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  return names;
}

// A key of this very name elsewhere.
const ConfigKey* find_namesake(std::string_view name) {
  const auto keys = config_keys();
  const auto found = std::ranges::find_if(keys, [&](const ConfigKey& key) {
    return key.path.size() > name.size() && key.path.ends_with(name) &&
           key.path[key.path.size() - name.size() - 1] == '.';
  });
  return found == keys.end() ? nullptr : &*found;
}

}  // namespace

void ConfigReader::read(const YamlNode& root) { read_section(root, {1, 1}, {}); }

void ConfigReader::read_section(const YamlNode& node, Position at, const Section& section) {
  if (node.kind == YamlNode::Kind::Null) return;  // All of its keys are left out.
  if (node.kind != YamlNode::Kind::Map) {
    const std::string who = section.shown.empty() ? "the file" : section.shown.substr(0, section.shown.size() - 1);
    problems_.push_back({place_of(node, at), who + ": found " + std::string(describe(node.kind)) +
                                                 "; write a map of keys, such as " +
                                                 std::string(names_in(section.prefix).front()) + ": ..."});
    return;
  }
  if (!section.shown.empty()) places_.good.emplace(section.shown.substr(0, section.shown.size() - 1), at);
  std::map<std::string_view, Position> seen;
  for (const YamlEntry& entry : node.entries) {
    if (const auto [first, is_new] = seen.emplace(entry.key, entry.key_at); !is_new)
      problems_.push_back({entry.key_at, section.shown + entry.key + " is here a second time; it stands on line " +
                                             std::to_string(first->second.line) + " already"});
    else
      read_entry(entry, section);
  }
}

void ConfigReader::read_entry(const YamlEntry& entry, const Section& section) {
  const std::string path = section.prefix + entry.key;
  // Dots and brackets are how we write paths, not part of any name.
  const bool is_name = entry.key.find_first_of(".[") == std::string::npos;
  const ConfigKey* const key = is_name ? find_config_key(path) : nullptr;
  if (key && std::holds_alternative<Maps>(key->kind))
    read_maps(entry, section, path);
  else if (key)
    read_key(entry, section, path);
  else if (is_name && is_section(path))
    read_section(entry.value, entry.key_at, {path + ".", section.shown + entry.key + ".", section.items});
  else
    complain_unknown(entry, section);
}

void ConfigReader::read_key(const YamlEntry& entry, const Section& section, const std::string& path) {
  const std::string shown = section.shown + entry.key;
  const std::size_t problems_before = problems_.size();
  read_value(entry.value, {*find_config_key(path), shown, section.items, entry.key_at, folder_, config_, problems_});
  if (problems_.size() == problems_before)
    places_.good.emplace(shown, place_of(entry.value, entry.key_at));
  else
    places_.bad.insert(shown);
}

void ConfigReader::read_maps(const YamlEntry& entry, const Section& section, const std::string& path) {
  const std::string shown = section.shown + entry.key;
  const Maps& maps = std::get<Maps>(find_config_key(path)->kind);
  const std::vector<YamlNode>& items = entry.value.items;
  const Position at = place_of(entry.value, entry.key_at);
  if (entry.value.kind != YamlNode::Kind::List)
    return complain(shown,
                    {at, shown + ": found " + std::string(describe(entry.value.kind)) + "; write a list, such as - " +
                             std::string(names_in(path + "[].").front()) + ": ..."});
  if ((items.empty() && !maps.may_be_empty) || items.size() > maps.max)
    return complain(shown, {at, shown + ": " + std::to_string(items.size()) + " of them; write " +
                                    (maps.may_be_empty ? "0" : "1") + " to " + std::to_string(maps.max)});

  maps.size.write(config_, section.items, items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::string one = shown + "[" + std::to_string(i) + "]";
    if (items[i].kind == YamlNode::Kind::Null)
      complain(one, {place_of(items[i], at), one + ": found nothing; write a map"});
    Section map{path + "[].", one + ".", section.items};
    map.items.push_back(i);
    read_section(items[i], place_of(items[i], at), map);
  }
}

void ConfigReader::complain(const std::string& shown, Problem problem) {
  problems_.push_back(std::move(problem));
  places_.bad.insert(shown);
}

void ConfigReader::complain_unknown(const YamlEntry& entry, const Section& section) {
  std::string text = "unknown key " + quote(entry.key);
  if (!section.shown.empty()) text += " in " + section.shown.substr(0, section.shown.size() - 1);
  const std::vector<std::string_view> names = names_in(section.prefix);
  if (entry.key == "<<") {
    text += "; merge keys are not supported, write the keys out";
  } else if (const auto suggestion = try_suggestion(entry.key, names)) {
    text += "; did you mean '" + std::string(*suggestion) + "'?";
  } else if (const ConfigKey* namesake = find_namesake(entry.key)) {
    text += "; did you mean " + std::string(namesake->path) + "?";
  } else {
    text += "; there are";
    for (const std::string_view name : names) text.append(name == names.front() ? " " : ", ").append(name);
  }
  problems_.push_back({entry.key_at, std::move(text)});
}

}  // namespace edge::app
