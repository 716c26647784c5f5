#include "admin/commands.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "admin/answers.h"
#include "base/log.h"
#include "base/result.h"
#include "http/target.h"

namespace edge::admin {
namespace {

using nlohmann::json;

constexpr std::size_t kAvatarBytesMax = 256;

// Also refuses what is not asked about: a misspelt "soft" must not become a hard purge.
Result<json> parse_object(std::string_view body, std::initializer_list<std::string_view> known) {
  json object = json::parse(body, nullptr, false);
  if (object.is_discarded()) return fail(ErrorCode::Malformed, "the body is not JSON");
  if (!object.is_object()) return fail(ErrorCode::Malformed, "the body is not a JSON object");
  for (const auto& [key, value] : object.items())
    if (std::find(known.begin(), known.end(), key) == known.end())
      return fail(ErrorCode::Malformed, "unknown key \"" + key + "\"");
  return object;
}

Result<std::string> parse_avatar(const json& value) {
  if (!value.is_string()) return fail(ErrorCode::Malformed, "\"avatar\" must be a string");
  auto avatar = value.get<std::string>();
  if (avatar.empty() || avatar.size() > kAvatarBytesMax)
    return fail(ErrorCode::Malformed, "\"avatar\" must have 1 to 256 bytes");
  return avatar;
}

struct Update {
  std::string avatar;
  std::optional<std::uint64_t> version;
};

Result<Update> parse_update(std::string_view body) {
  const auto object = parse_object(body, {"avatar", "version", "op", "at"});
  if (!object) return Failure{object.error()};
  if (!object->contains("avatar")) return fail(ErrorCode::Malformed, "\"avatar\" is missing");
  auto avatar = parse_avatar((*object)["avatar"]);
  if (!avatar) return Failure{avatar.error()};
  Update update{std::move(*avatar), std::nullopt};
  if (const auto version = object->find("version"); version != object->end()) {
    if (!version->is_number_unsigned())
      return fail(ErrorCode::Malformed, "\"version\" must be an unsigned 64-bit number");
    update.version = version->get<std::uint64_t>();
  }
  if (const auto op = object->find("op"); op != object->end() && *op != "update" && *op != "delete")
    return fail(ErrorCode::Malformed, "\"op\" must be \"update\" or \"delete\"");
  return update;
}

struct Purge {
  std::optional<std::string> avatar;
  std::optional<std::string> url;
  cache::PurgeMode mode = cache::PurgeMode::Hard;
};

Result<Purge> parse_purge(std::string_view body) {
  const auto object = parse_object(body, {"avatar", "url", "all", "soft"});
  if (!object) return Failure{object.error()};
  if (object->count("avatar") + object->count("url") + object->count("all") != 1)
    return fail(ErrorCode::Malformed, "exactly one of \"avatar\", \"url\" and \"all\" is needed");
  Purge purge;
  if (const auto soft = object->find("soft"); soft != object->end()) {
    if (!soft->is_boolean()) return fail(ErrorCode::Malformed, "\"soft\" must be true or false");
    if (soft->get<bool>()) purge.mode = cache::PurgeMode::Soft;
  }
  if (const auto all = object->find("all"); all != object->end() && *all != true)
    return fail(ErrorCode::Malformed, "\"all\" must be true");
  if (const auto url = object->find("url"); url != object->end()) {
    if (!url->is_string()) return fail(ErrorCode::Malformed, "\"url\" must be a string");
    purge.url = url->get<std::string>();
  }
  if (const auto named = object->find("avatar"); named != object->end()) {
    auto avatar = parse_avatar(*named);
    if (!avatar) return Failure{avatar.error()};
    purge.avatar = std::move(*avatar);
  }
  return purge;
}

void answer_counts(frontend::Exchange& exchange, const cache::Invalidated& done) {
  answer_json(exchange, 200, json{{"scope", "node"}, {"responses", done.responses}, {"fills", done.fills}}.dump());
}

}  // namespace

void apply_update(frontend::Exchange& exchange, std::string_view body, serving::Invalidator& invalidator) {
  const auto update = parse_update(body);
  if (!update) return answer_error(exchange, 400, update.error().message);
  answer_counts(exchange, invalidator.update(update->avatar, update->version));
}

void purge(frontend::Exchange& exchange, std::string_view body, const serving::Routes& routes,
           serving::Invalidator& invalidator) {
  const auto purge = parse_purge(body);
  if (!purge) return answer_error(exchange, 400, purge.error().message);
  log_info("admin.purge", body);
  if (purge->avatar) return answer_counts(exchange, invalidator.purge_avatar(*purge->avatar, purge->mode));
  if (!purge->url) return answer_counts(exchange, invalidator.purge_all(purge->mode));
  std::string target_scratch, avatar_scratch;
  const auto target = http::parse_target(*purge->url, target_scratch);
  if (!target) return answer_error(exchange, 400, "\"url\": " + target.error().message);
  const cache::CacheKey key(routes.avatar_of(target->path, avatar_scratch).avatar, target->path_and_query);
  answer_counts(exchange, invalidator.purge_url(key, purge->mode));
}

}  // namespace edge::admin
