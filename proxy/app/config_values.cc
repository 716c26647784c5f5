#include "app/config_values.h"
#include "app/config_format.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <string>

#include "app/config_checks.h"
#include "app/suggest.h"
#include "base/overloaded.h"
#include "base/text.h"
#include "base/units.h"

namespace edge::app {
namespace {

void complain(const ValueTarget& target, Position at, std::string_view text) {
  target.problems.push_back({at.line > 0 ? at : target.at, std::string(target.path).append(": ").append(text)});
}

// What units people write, in lower case, and ours.
struct Spelling {
  std::string_view theirs;
  std::string_view ours;
};
constexpr std::array<Spelling, 10> kSizeSpellings{{{"b", "B"},
                                                   {"bytes", "B"},
                                                   {"k", "KiB"},
                                                   {"kb", "KiB"},
                                                   {"kib", "KiB"},
                                                   {"m", "MiB"},
                                                   {"mb", "MiB"},
                                                   {"mib", "MiB"},
                                                   {"g", "GiB"},
                                                   {"gb", "GiB"}}};
constexpr std::array<Spelling, 15> kTimeSpellings{{{"msec", "ms"},
                                                   {"millis", "ms"},
                                                   {"ms", "ms"},
                                                   {"sec", "s"},
                                                   {"secs", "s"},
                                                   {"second", "s"},
                                                   {"seconds", "s"},
                                                   {"s", "s"},
                                                   {"min", "m"},
                                                   {"mins", "m"},
                                                   {"minutes", "m"},
                                                   {"hour", "h"},
                                                   {"hours", "h"},
                                                   {"day", "d"},
                                                   {"days", "d"}}};

// "512 MB" as 512MiB: the same number with the unit that was surely meant.
std::optional<std::string> try_respell(std::string_view text, std::span<const Spelling> spellings) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  if (digits == 0) return std::nullopt;
  std::string unit(trim(text.substr(digits)));
  std::ranges::transform(unit, unit.begin(), ascii_lower);
  for (const Spelling& spelling : spellings)
    if (unit == spelling.theirs) return std::string(text.substr(0, digits)).append(spelling.ours);
  return std::nullopt;
}

Result<std::uint64_t> parse_count(const YamlNode& node) {
  const std::string_view text = node.text;
  const auto number = try_unsigned(text);
  // YAML 1.1 takes a leading zero for octal, people do not; so it is neither.
  const bool is_plain = number && (text.size() == 1 || text.front() != '0');
  if (is_plain && !node.in_quotes) return *number;
  if (is_plain)
    return fail(ErrorCode::Malformed, "a text, not a number: \"" + node.text + "\"; write it without quotes");
  return fail(ErrorCode::Malformed, "not a whole number: " + quote(text) + "; write decimal digits alone");
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  auto size = parse_size(text);
  if (size) return size;
  if (const auto better = try_respell(text, kSizeSpellings); better && parse_size(*better))
    return fail(ErrorCode::Malformed, "not a size: " + quote(text) + "; write " + *better);
  return fail(ErrorCode::Malformed,
              "not a size: " + quote(text) + "; write a whole number and its unit, such as 64KiB, 512MiB or 1GiB");
}

Result<std::uint64_t> parse_time(std::string_view text) {
  const auto duration = parse_duration(text);
  if (duration) return static_cast<std::uint64_t>(duration->count());
  if (const auto better = try_respell(text, kTimeSpellings); better && parse_duration(*better))
    return fail(ErrorCode::Malformed, "not a duration: " + quote(text) + "; write " + *better);
  return fail(ErrorCode::Malformed,
              "not a duration: " + quote(text) + "; write a whole number and its unit, such as 200ms, 5s, 10m or 1h");
}

Result<std::uint64_t> parse_quantity(Unit unit, const YamlNode& node) {
  switch (unit) {
    case Unit::Count:
      return parse_count(node);
    case Unit::Bytes:
      return parse_bytes(node.text);
    case Unit::Time:
      return parse_time(node.text);
  }
  return fail(ErrorCode::Malformed, "");
}

void read(const Quantity& kind, const YamlNode& node, const ValueTarget& target) {
  const auto value = parse_quantity(kind.unit, node);
  if (!value) return complain(target, node.at, value.error().message);
  if (*value < kind.min || *value > kind.max)
    return complain(target, node.at,
                    node.text + " is out of range; write " + format_quantity(kind.unit, kind.min) + " to " +
                        format_quantity(kind.unit, kind.max));
  kind.member.write(target.config, target.items, *value);
}

void read(const Flag& kind, const YamlNode& node, const ValueTarget& target) {
  const bool is_true = node.text == "true";
  if (node.in_quotes || (!is_true && node.text != "false"))
    return complain(target, node.at,
                    "not true or false: " + quote(node.text) + "; write true or false, in lower case, without quotes");
  kind.member.write(target.config, target.items, is_true);
}

void read(const Choice& kind, const YamlNode& node, const ValueTarget& target) {
  const auto found = std::ranges::find(kind.names, node.text);
  if (found != kind.names.end())
    return kind.member.write(target.config, target.items, static_cast<std::uint64_t>(found - kind.names.begin()));
  std::string names;
  for (const std::string_view name : kind.names) {
    if (!names.empty()) names += name == kind.names.back() ? " or " : ", ";
    names += name;
  }
  complain(target, node.at, "not one of its values: " + quote(node.text) + "; write " + names);
}

void read(const Text& kind, const YamlNode& node, const ValueTarget& target) {
  const Status good = kind.check(node.text);
  if (!good) return complain(target, node.at, good.error().message);
  kind.member.write(target.config, target.items, node.text);
}

// An item {url: TEXT, weight: NUMBER}. Answers the text's node, or null where there is none; complains at most of one
// thing.
const YamlNode* read_weighted(const YamlNode& item, const ValueTarget& target, std::uint32_t& weight) {
  const YamlNode* text = nullptr;
  for (const YamlEntry& entry : item.entries) {
    const bool is_scalar = entry.value.kind == YamlNode::Kind::Scalar;
    if (entry.key == "url" && is_scalar && text == nullptr) {
      text = &entry.value;
    } else if (const auto number = parse_count(entry.value);
               entry.key == "weight" && is_scalar && number && *number >= 1 && *number <= TextList::kWeightMax) {
      weight = static_cast<std::uint32_t>(*number);
    } else {
      complain(target, entry.key_at,
               quote(entry.key) + " will not do; write {url: URL, weight: NUMBER} with a number from 1 to " +
                   std::to_string(TextList::kWeightMax));
      return nullptr;
    }
  }
  if (text == nullptr) complain(target, item.at, "has no url; write {url: URL, weight: NUMBER}");
  return text;
}

void read(const TextList& kind, const YamlNode& node, const ValueTarget& target) {
  if (node.items.empty() && !kind.may_be_empty) return complain(target, node.at, "an empty list; write at least one");
  const std::size_t problems_before = target.problems.size();
  std::vector<std::string> texts;
  std::vector<std::uint32_t> weights;
  for (const YamlNode& item : node.items) {
    const std::string path = std::string(target.path).append("[").append(std::to_string(weights.size())).append("]");
    const ValueTarget one{target.key,    path,          target.items,   item.at.line > 0 ? item.at : node.at,
                          target.folder, target.config, target.problems};
    const YamlNode* text = &item;
    weights.push_back(1);
    if (kind.weights && item.kind == YamlNode::Kind::Map) text = read_weighted(item, one, weights.back());
    if (text == nullptr) continue;
    texts.push_back(text->text);
    if (text->kind != YamlNode::Kind::Scalar) {
      complain(one, item.at,
               "found " + std::string(describe(item.kind)) + "; write one text, in quotes if it has braces");
    } else if (const Status good = kind.check(text->text); !good) {
      complain(one, text->at, good.error().message);
    } else if (std::find(texts.begin(), texts.end() - 1, text->text) != texts.end() - 1) {
      complain(one, text->at, quote(text->text) + " is in the list already");
    }
  }
  if (target.problems.size() != problems_before) return;
  kind.member.write(target.config, target.items, std::move(texts));
  if (kind.weights) kind.weights->write(target.config, target.items, std::move(weights));
}

void read(const File& kind, const YamlNode& node, const ValueTarget& target) {
  const bool may_be_dash = kind.use == File::Use::Write;
  if (node.text.empty())
    return complain(target, node.at, may_be_dash ? "write a path, or \"-\"" : "write a path, or null");
  if (may_be_dash && node.text == "-") return kind.member.write(target.config, target.items, "-");
  const std::filesystem::path file = target.folder / node.text;
  const Status good = may_be_dash ? check_writable(file) : check_readable(file);
  if (!good) return complain(target, node.at, good.error().message);
  kind.member.write(target.config, target.items, file.native());
}

void read(const Maps&, const YamlNode&, const ValueTarget&) { EDGE_CHECK(false); }

// Null stands for "none" where there may be none.
void read_null(const ValueTarget& target) {
  if (const auto* file = std::get_if<File>(&target.key.kind); file && file->use == File::Use::Read)
    return file->member.write(target.config, target.items, {});
  if (const auto* text = std::get_if<Text>(&target.key.kind); text && text->may_be_null)
    return text->member.write(target.config, target.items, {});
  complain(target, {}, "has no value; leave the key out for the default, " + format_value(target.key, Config{}));
}

std::string_view form(const KeyKind& kind) {
  return std::visit(Overloaded{
                        [](const Quantity& quantity) -> std::string_view {
                          switch (quantity.unit) {
                            case Unit::Count:
                              return "a whole number";
                            case Unit::Bytes:
                              return "a size such as 512MiB";
                            case Unit::Time:
                              return "a duration such as 5s";
                          }
                          return "";
                        },
                        [](const Flag&) -> std::string_view { return "true or false"; },
                        [](const Choice&) -> std::string_view { return "one of its values"; },
                        [](const Text&) -> std::string_view { return "one text, in quotes if it has brackets"; },
                        [](const TextList&) -> std::string_view { return "a list, such as [\"one\", \"two\"]"; },
                        [](const File&) -> std::string_view { return "a path"; },
                        [](const Maps&) -> std::string_view { return "a list of maps"; },
                    },
                    kind);
}

}  // namespace

void read_value(const YamlNode& node, const ValueTarget& target) {
  if (node.kind == YamlNode::Kind::Null) return read_null(target);
  const bool wants_list = std::holds_alternative<TextList>(target.key.kind);
  if (node.kind != (wants_list ? YamlNode::Kind::List : YamlNode::Kind::Scalar))
    return complain(target, node.at,
                    "found " + std::string(describe(node.kind)) + "; write " + std::string(form(target.key.kind)));
  std::visit([&](const auto& kind) { read(kind, node, target); }, target.key.kind);
}

}  // namespace edge::app
