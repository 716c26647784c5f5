// The JSON that the admin port is sent.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace edge::admin {

// An object with no other than the known keys: a misspelt "soft" must not become a hard purge.
Result<nlohmann::json> parse_object(std::string_view body, std::initializer_list<std::string_view> known);

// The value of "avatar".
Result<std::string> parse_avatar(const nlohmann::json& value);

}  // namespace edge::admin
