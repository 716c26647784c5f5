#include "admin/json_object.h"

#include <algorithm>

#include "feed/update_event.h"

namespace edge::admin {

Result<nlohmann::json> parse_object(std::string_view body, std::initializer_list<std::string_view> known) {
  nlohmann::json object = nlohmann::json::parse(body, nullptr, false);
  if (object.is_discarded()) return fail(ErrorCode::Malformed, "the body is not JSON");
  if (!object.is_object()) return fail(ErrorCode::Malformed, "the body is not a JSON object");
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return fail(ErrorCode::Malformed, "unknown key \"" + key + "\"");
  return object;
}

Result<std::string> parse_avatar(const nlohmann::json& value) {
  if (!value.is_string()) return fail(ErrorCode::Malformed, "\"avatar\" must be a string");
  auto avatar = value.get<std::string>();
  if (avatar.empty() || avatar.size() > feed::UpdateEvent::kAvatarBytesMax)
    return fail(ErrorCode::Malformed, "\"avatar\" must have 1 to 256 bytes");
  return avatar;
}

}  // namespace edge::admin
