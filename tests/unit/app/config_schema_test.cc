#include "app/config_schema.h"

#include <nlohmann/json.hpp>

#include "app/config_table.h"
#include "support/catch.h"

using namespace edge::app;

namespace {

// The schema of a key by its path, such as listen[].address; null where there is none.
nlohmann::json schema_at(const std::string& path) {
  std::string pointer = "/properties/";
  for (const char c : path) {
    if (c == '.')
      pointer += "/properties/";
    else if (c == '[')
      pointer += "/items";
    else if (c != ']')
      pointer += c;
  }
  static const auto schema = nlohmann::json::parse(config_schema());
  return schema.value(nlohmann::json::json_pointer(pointer), nlohmann::json());
}

}  // namespace

TEST_CASE("the schema has every key of the table, with what it is for", "[app][schema]") {
  for (const ConfigKey& key : config_keys()) {
    CAPTURE(key.path);
    const auto schema = schema_at(std::string(key.path));
    REQUIRE(schema.is_object());
    CHECK(schema.at("description").get<std::string>().starts_with(key.help));
  }
}

TEST_CASE("the schema says form, range and default of a key", "[app][schema]") {
  CHECK(
      schema_at("workers") ==
      R"({"description": "Threads that serve, each with its own event loop; 0 is one per core. A change needs a restart.",
            "type": "integer", "minimum": 0, "maximum": 256, "default": 0})"_json);
  CHECK(schema_at("cache.memory") ==
        R"({"description": "Stored responses with all overhead; a hard budget. 1MiB to 65536GiB.",
            "type": "string", "pattern": "^[0-9]+(B|KiB|MiB|GiB)$", "default": "512MiB"})"_json);
  // YAML takes them for a number, the edge for a text.
  CHECK(schema_at("listen[].tls.min_version").at("enum") == R"(["1.2", 1.2, "1.3", 1.3])"_json);
  CHECK(schema_at("redis.url").at("type") == R"(["string", "number", "null"])"_json);
  CHECK(schema_at("redis.url").at("default").is_null());
  CHECK(schema_at("cache.default_ttl").at("pattern") == "^([0-9]+(ms|s|m|h|d)|0)$");
}
