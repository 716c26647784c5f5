#include "app/yaml_reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <optional>
#include <sstream>

namespace edge::app {
namespace {

constexpr std::size_t kDepthMax = 16;       // The parser recurses once a level.
constexpr std::size_t kNodesMax = 100'000;  // Aliases are copied, so a short text could ask for endless copies.

// Ends the parse from within one of its callbacks.
struct Rejected {
  Problem problem;
};

Position position(const YAML::Mark& mark) {
  if (mark.is_null()) return {};
  return {mark.line + 1, mark.column + 1};
}

std::size_t count_nodes(const YamlNode& node) {
  std::size_t count = 1;
  for (const YamlNode& item : node.items) count += count_nodes(item);
  for (const YamlEntry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

std::size_t depth_of(const YamlNode& node) {
  std::size_t depth = 0;
  for (const YamlNode& item : node.items) depth = std::max(depth, depth_of(item));
  for (const YamlEntry& entry : node.entries) depth = std::max(depth, depth_of(entry.value));
  return depth + 1;
}

// The text, by the places that the parser tells.
class Source {
 public:
  explicit Source(std::string_view text) : text_(text), lines_{0} {
    for (std::size_t i = 0; i < text.size(); ++i)
      if (text[i] == '\n') lines_.push_back(i + 1);
  }

  std::string_view from(Position at) const {
    if (at.line < 1 || static_cast<std::size_t>(at.line) > lines_.size()) return {};
    const std::size_t offset = lines_[static_cast<std::size_t>(at.line) - 1] + static_cast<std::size_t>(at.column) - 1;
    return text_.substr(std::min(offset, text_.size()));
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> lines_;  // Where they begin.
};

// Whether the text that begins with a quote, perhaps after an anchor, has the other one. The parser takes the end of
// the text for it, and so would swallow the rest of a file.
bool is_quote_closed(std::string_view text) {
  if (text.starts_with('&')) {
    text.remove_prefix(std::min(text.find_first_of(" \t\n"), text.size()));
    text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size()));
  }
  if (!text.starts_with('"') && !text.starts_with('\'')) return true;
  const char quote_mark = text.front();
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool is_escape = text[i] == '\\' && quote_mark == '"';
    const bool is_doubled = text[i] == '\'' && quote_mark == '\'' && text.substr(i + 1).starts_with('\'');
    if (is_escape || is_doubled)
      ++i;
    else if (text[i] == quote_mark)
      return true;
  }
  return false;
}

// Builds the tree from the parser's events.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Source& source) : source_(source) {}

  YamlNode take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) reject(position(mark), "a second YAML document; write one");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add({.at = position(mark)}, anchor); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    reject_tag(mark, tag);
    if (tag == "!" && !is_quote_closed(source_.from(position(mark)))) reject(position(mark), "a quote that never ends");
    add({.kind = YamlNode::Kind::Scalar, .at = position(mark), .text = value, .in_quotes = tag == "!"}, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) reject(position(mark), "an alias inside of what it stands for");
    YamlNode copy = found->second;
    nodes_ += count_nodes(copy);
    if (open_.size() + depth_of(copy) > kDepthMax) reject(position(mark), "nested too deeply");
    copy.at = position(mark);
    add(std::move(copy), 0);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::List, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::optional<YamlNode> key;  // Of a map: read, its value not yet.
  };

  [[noreturn]] static void reject(Position at, std::string text) { throw Rejected{{at, std::move(text)}}; }

  // The parser says ? of plain and ! of quoted text; anything else is a tag of the file's own.
  static void reject_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!")
      reject(position(mark), "YAML tags such as " + quote(tag) + " mean nothing here");
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    reject_tag(mark, tag);
    if (open_.size() == kDepthMax) reject(position(mark), "nested too deeply");
    open_.push_back({.node = {.kind = kind, .at = position(mark)}, .anchor = anchor, .key = {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    add(std::move(done.node), done.anchor);
  }

  // A finished node goes into what is open around it.
  void add(YamlNode node, YAML::anchor_t anchor) {
    if (++nodes_ > kNodesMax) reject(node.at, "too many values, or aliases that multiply");
    if (anchor != 0) anchors_[anchor] = node;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& around = open_.back();
    if (around.node.kind == YamlNode::Kind::List) {
      around.node.items.push_back(std::move(node));
    } else if (!around.key) {
      if (node.kind != YamlNode::Kind::Scalar)
        reject(node.at, "a key must be plain text, not " + std::string(describe(node.kind)) +
                            "; a value with braces or brackets is written in quotes");
      around.key = std::move(node);
    } else {
      around.node.entries.push_back({std::move(around.key->text), around.key->at, std::move(node)});
      around.key.reset();
    }
  }

  const Source& source_;
  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNode> anchors_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

// The parser takes some control characters for the end of the text, and NUL bytes for UTF-16.
std::optional<Problem> find_control_character(std::string_view text) {
  Position at{1, 1};
  for (const char c : text) {
    if ((c >= 0 && c < ' ' && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
      return Problem{at, "a control character, " + quote({&c, 1}) + "; the file must be UTF-8 text"};
    at = c == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + 1};
  }
  return std::nullopt;
}

bool is_indented_with_tab(std::string_view text, int line) {
  for (int i = 1; i < line; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return false;
    text.remove_prefix(end + 1);
  }
  const std::size_t indentation = text.find_first_not_of(' ');
  return indentation != std::string_view::npos && text[indentation] == '\t';
}

Problem syntax_problem(std::string_view text, const YAML::Exception& error) {
  const Position at = position(error.mark);
  if (is_indented_with_tab(text, at.line)) return {at, "a tab in the indentation; YAML indents with spaces"};
  return {at, "YAML syntax: " + error.msg};
}

}  // namespace

YamlDocument parse_yaml(std::string_view text) {
  YamlDocument document;
  if (auto problem = find_control_character(text)) {
    document.problems.push_back(*std::move(problem));
    return document;
  }
  try {
    const Source source(text);
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(source);
    while (parser.HandleNextDocument(builder)) {
    }
    document.root = builder.take_root();
  } catch (const Rejected& rejected) {
    document.problems.push_back(rejected.problem);
  } catch (const YAML::Exception& error) {
    document.problems.push_back(syntax_problem(text, error));
  } catch (const std::exception& error) {
    document.problems.push_back({{}, std::string("YAML parser: ") + error.what()});
  }
  return document;
}

std::string_view describe(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::Null:
      return "nothing";
    case YamlNode::Kind::Scalar:
      return "a single value";
    case YamlNode::Kind::List:
      return "a list";
    case YamlNode::Kind::Map:
      return "a map";
  }
  return "";
}

}  // namespace edge::app
