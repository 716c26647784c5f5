#include "app/config_format.h"

#include <chrono>

#include "base/overloaded.h"
#include "base/units.h"

namespace edge::app {
namespace {

std::string join(const std::vector<std::string>& texts, const std::vector<std::uint32_t>& weights) {
  std::string out = "[";
  for (const std::string& text : texts) {
    if (out.size() > 1) out += ", ";
    const auto position = static_cast<std::size_t>(&text - texts.data());
    const std::uint32_t weight = position < weights.size() ? weights[position] : 1;
    out += weight == 1 ? text : "{url: " + text + ", weight: " + std::to_string(weight) + "}";
  }
  return out += "]";
}

}  // namespace

std::string format_quantity(Unit unit, std::uint64_t value) {
  switch (unit) {
    case Unit::Count:
      return std::to_string(value);
    case Unit::Bytes:
      return format_size(value);
    case Unit::Time:
      return value == 0 ? "0s" : format_duration(std::chrono::milliseconds{value});
  }
  return {};
}

std::string format_value(const ConfigKey& key, const Config& config, Items items) {
  return std::visit(
      Overloaded{
          [&](const Quantity& kind) { return format_quantity(kind.unit, kind.member.read(config, items)); },
          [&](const Flag& kind) { return std::string(kind.member.read(config, items) ? "true" : "false"); },
          [&](const Choice& kind) { return std::string(kind.names[kind.member.read(config, items)]); },
          [&](const Text& kind) {
            const std::string text = kind.member.read(config, items);
            return text.empty() ? "null" : text;
          },
          [&](const TextList& kind) {
            return join(kind.member.read(config, items),
                        kind.weights ? kind.weights->read(config, items) : std::vector<std::uint32_t>{});
          },
          [&](const File& kind) {
            const std::string path = kind.member.read(config, items);
            return path.empty() ? "null" : path;
          },
          [&](const Maps& kind) { return std::to_string(kind.size.read(config, items)); },
      },
      key.kind);
}

}  // namespace edge::app
