#include "admin/purge.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "admin/answers.h"
#include "admin/audit.h"
#include "admin/json_object.h"
#include "base/result.h"
#include "http/target.h"

namespace edge::admin {
namespace {

using nlohmann::json;

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

void purge(frontend::Exchange& exchange, std::string_view body, const serving::Routes& routes,
           serving::Invalidator& invalidator) {
  const auto purge = parse_purge(body);
  if (!purge) return answer_error(exchange, 400, purge.error().message);
  audit(exchange, "admin.purge", body);
  if (purge->avatar) return answer_counts(exchange, invalidator.purge_avatar(*purge->avatar, purge->mode));
  if (!purge->url) return answer_counts(exchange, invalidator.purge_all(purge->mode));
  std::string target_scratch, avatar_scratch;
  const auto target = http::parse_target(*purge->url, target_scratch);
  if (!target) return answer_error(exchange, 400, "\"url\": " + target.error().message);
  const cache::CacheKey key(routes.avatar_of(target->path, avatar_scratch).avatar, target->path_and_query);
  answer_counts(exchange, invalidator.purge_url(key, purge->mode));
}

}  // namespace edge::admin
