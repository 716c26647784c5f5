#include "feed/update_event.h"

#include "base/text.h"

namespace edge::feed {
namespace {

Failure malformed(std::string_view field, std::string_view what) {
  return fail(ErrorCode::Malformed, std::string(field) + " " + std::string(what));
}

Status read_field(UpdateEvent& event, const std::string& name, const std::string& value) {
  if (name == "avatar") {
    if (value.empty() || value.size() > UpdateEvent::kAvatarBytesMax)
      return malformed(name, "must have 1 to 256 bytes");
    event.avatar = value;
  } else if (name == "version") {
    event.version = try_unsigned(value);
    if (!event.version) return malformed(name, "must be an unsigned 64-bit number");
  } else if (name == "op") {
    if (value != "update" && value != "delete") return malformed(name, "must be update or delete");
    event.is_delete = value == "delete";
  } else if (name == "at") {
    event.at_ms = try_unsigned(value);
    if (!event.at_ms) return malformed(name, "must be milliseconds since 1970");
  }
  return {};
}

}  // namespace

Result<UpdateEvent> parse_update_event(const std::vector<redis::Reply>& fields) {
  UpdateEvent event;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2)
    if (const Status good = read_field(event, fields[i].text, fields[i + 1].text); !good) return Failure{good.error()};
  if (event.avatar.empty()) return malformed("avatar", "is missing");
  return event;
}

std::vector<std::string> xadd_words(std::string_view stream, const UpdateEvent& event, std::uint64_t length_max) {
  std::vector<std::string> words{"XADD", std::string(stream)};
  const auto add = [&words](std::string name, std::string value) {
    words.push_back(std::move(name));
    words.push_back(std::move(value));
  };
  if (length_max != 0) {
    words.push_back("MAXLEN");
    add("~", std::to_string(length_max));
  }
  words.push_back("*");
  add("avatar", event.avatar);
  if (event.version) add("version", std::to_string(*event.version));
  add("op", event.is_delete ? "delete" : "update");
  if (event.at_ms) add("at", std::to_string(*event.at_ms));
  return words;
}

}  // namespace edge::feed
