// Every key of the configuration, once: where it stands, what it may say, which member holds it, whether a running
// process can change it, and what it is for. The reader, the reload and the documentation all go by this table; the
// defaults are those of Config{}.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "app/config.h"
#include "base/result.h"

namespace edge::app {

// Which item of each list of maps on the way to a member, the outermost first: {2, 0} is that of
// listen[2].tls.certificates[0].key. Further ones do not count.
using Items = std::span<const std::size_t>;

// A member of Config as what its kind of key deals in. Of items that are not there, the default is read.
template <class T>
struct Member {
  T (*read)(const Config& config, Items items);
  void (*write)(Config& config, Items items, T value);
};

enum class Unit { Count, Bytes, Time };  // Time is in milliseconds.

struct Quantity {
  Unit unit;
  Member<std::uint64_t> member;
  std::uint64_t min;
  std::uint64_t max;
};

struct Flag {
  Member<bool> member;
};

struct Choice {
  std::span<const std::string_view> names;  // In the order of the enumerators.
  Member<std::uint64_t> member;
};

struct Text {
  Member<std::string> member;
  Status (*check)(std::string_view text);
  bool may_be_null = false;  // Then it is empty.
};

struct TextList {
  Member<std::vector<std::string>> member;
  Status (*check)(std::string_view text);  // Of each; no two are the same.
  bool may_be_empty = false;
  // Where an item may also be a map, {url: TEXT, weight: NUMBER}: by position, 1 to kWeightMax, 1 for a mere text.
  const Member<std::vector<std::uint32_t>>* weights = nullptr;
  static constexpr std::uint32_t kWeightMax = 1'000;
};

struct File {
  enum class Use { Read, Write };
  Use use;
  Member<std::string> member;  // To read: empty for null. To write: - for a standard stream.
};

// A list of maps; the rows that follow, named KEY[]., are those of its maps.
struct Maps {
  Member<std::size_t> size;
  std::size_t max;  // At least one.
  bool may_be_empty = false;
};

using KeyKind = std::variant<Quantity, Flag, Choice, Text, TextList, File, Maps>;

enum class Change { Live, Restart };

struct ConfigKey {
  std::string_view path;  // As in cache.memory and listen[].address.
  KeyKind kind;
  Change change;
  std::string_view help;  // One sentence.
};

// In the order of the documentation.
std::span<const ConfigKey> config_keys();

// Null when there is no such key.
const ConfigKey* find_config_key(std::string_view path);

}  // namespace edge::app
