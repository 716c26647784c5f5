#include "app/config_schema.h"

#include <nlohmann/json.hpp>

#include "app/config_format.h"
#include "app/config_table.h"
#include "base/overloaded.h"

namespace edge::app {
namespace {

using Json = nlohmann::ordered_json;  // In the order of the documentation.

// Without a value, as in "cache:" alone, all keys of a section are left out.
Json empty_section(bool may_be_null) {
  Json section{{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
  if (may_be_null) section["type"] = {"object", "null"};
  return section;
}

// What YAML takes for a number may be a text to us, as in "id: 202611".
Json text_types(bool may_be_null) {
  Json types{"string", "number"};
  if (may_be_null) types.push_back("null");
  return types;
}

// A bare 0 needs no unit.
Json with_unit(std::uint64_t min, const std::string& units) {
  if (min > 0) return {{"type", "string"}, {"pattern", "^[0-9]+(" + units + ")$"}};
  return {{"type", {"string", "integer"}}, {"pattern", "^([0-9]+(" + units + ")|0)$"}, {"minimum", 0}, {"maximum", 0}};
}

Json form_of(const Quantity& kind) {
  switch (kind.unit) {
    case Unit::Count:
      return {{"type", "integer"}, {"minimum", kind.min}, {"maximum", kind.max}};
    case Unit::Bytes:
      return with_unit(kind.min, "B|KiB|MiB|GiB");
    case Unit::Time:
      return with_unit(kind.min, "ms|s|m|h|d");
  }
  return {};
}

Json form_of(const Choice& kind) {
  Json values = Json::array();
  for (const std::string_view name : kind.names) {
    values.push_back(name);
    // A version such as 1.3, which YAML takes for a number.
    if (Json::accept(name)) values.push_back(Json::parse(name));
  }
  return {{"enum", values}};
}

Json form_of(const Maps& kind) {
  return {{"type", "array"},
          {"minItems", kind.may_be_empty ? 0 : 1},
          {"maxItems", kind.max},
          {"items", empty_section(false)}};
}

Json form_of(const KeyKind& kind) {
  return std::visit(Overloaded{
                        [](const Flag&) {
                          return Json{{"type", "boolean"}};
                        },
                        [](const Text& text) {
                          return Json{{"type", text_types(text.may_be_null)}};
                        },
                        [](const TextList& list) {
                          return Json{{"type", "array"},
                                      {"minItems", list.may_be_empty ? 0 : 1},
                                      {"uniqueItems", true},
                                      {"items", {{"type", text_types(false)}}}};
                        },
                        [](const File& file) {
                          return Json{{"type", text_types(file.use == File::Use::Read)}};
                        },
                        [](const auto& other) { return form_of(other); },
                    },
                    kind);
}

// What the key has where the file leaves it out; null too where that is the default of a text or a file.
Json default_of(const ConfigKey& key) {
  static const Config defaults;
  if (const auto* list = std::get_if<TextList>(&key.kind)) return list->member.read(defaults, {});
  const std::string text = format_value(key, defaults);
  if (const auto* number = std::get_if<Quantity>(&key.kind))
    return number->unit == Unit::Count ? Json(number->member.read(defaults, {})) : Json(text);
  if (const auto* flag = std::get_if<Flag>(&key.kind)) return flag->member.read(defaults, {});
  return text == "null" ? Json() : Json(text);
}

// The range of a quantity with a unit stands in no keyword of JSON Schema.
std::string description_of(const ConfigKey& key) {
  std::string text(key.help);
  if (const auto* number = std::get_if<Quantity>(&key.kind); number && number->unit != Unit::Count)
    text +=
        " " + format_quantity(number->unit, number->min) + " to " + format_quantity(number->unit, number->max) + ".";
  if (key.change == Change::Restart) text += " A change needs a restart.";
  return text;
}

Json schema_of(const ConfigKey& key) {
  Json schema{{"description", description_of(key)}};
  schema.update(form_of(key.kind));
  if (!std::holds_alternative<Maps>(key.kind)) schema["default"] = default_of(key);
  return schema;
}

// Where the schema of a path stands, such as listen[].tls.min_version; sections on the way are made. The row of a list
// of maps comes before those of its maps.
Json& place_of(std::string_view path, Json& root) {
  Json* section = &root;
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.')) {
    std::string name(path.substr(0, dot));
    const bool is_list = name.ends_with("[]");
    if (is_list) name.resize(name.size() - 2);
    Json& next = (*section)["properties"][name];
    if (next.is_null()) next = empty_section(true);
    section = is_list ? &next["items"] : &next;
    path.remove_prefix(dot + 1);
  }
  return (*section)["properties"][std::string(path)];
}

}  // namespace

std::string config_schema() {
  Json root{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "Configuration of avatar-edge"}};
  root.update(empty_section(true));
  for (const ConfigKey& key : config_keys()) place_of(key.path, root) = schema_of(key);
  return root.dump(2) + "\n";
}

}  // namespace edge::app
