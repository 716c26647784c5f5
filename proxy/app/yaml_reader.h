// YAML text as a plain tree with positions, free of the library that parsed it. Strict where YAML is generous: one
// document, text keys, bounded depth and size.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "app/config_problem.h"

namespace edge::app {

struct YamlEntry;

struct YamlNode {
  enum class Kind { Null, Scalar, List, Map };

  Kind kind = Kind::Null;
  Position at;
  std::string text{};                // Of a scalar.
  bool in_quotes = false;            // A scalar that YAML calls a string, whatever it looks like.
  std::vector<YamlNode> items{};     // Of a list.
  std::vector<YamlEntry> entries{};  // Of a map, in the order of the file; keys may repeat.
};

struct YamlEntry {
  std::string key;
  Position key_at;
  YamlNode value;
};

struct YamlDocument {
  YamlNode root;  // Null when the text is empty. Meaningless when there are problems.
  std::vector<Problem> problems;
};

// Anchors and aliases work; merge keys and tags do not. Never throws.
YamlDocument parse_yaml(std::string_view text);

// "text", "a list" ... for messages.
std::string_view describe(YamlNode::Kind kind);

}  // namespace edge::app
