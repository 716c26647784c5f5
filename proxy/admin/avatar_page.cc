#include "admin/avatar_page.h"

#include <nlohmann/json.hpp>
#include <string>

#include "admin/answers.h"
#include "admin/explain.h"
#include "http/percent.h"

namespace edge::admin {
namespace {

using nlohmann::json;

json describe(const cache::EntryReport& entry) {
  json shown{{"url", entry.url},
             {"state", entry.status == 0              ? "uncacheable"
                       : entry.fresh_for.count() <= 0 ? "stale"
                       : entry.is_trusted             ? "fresh"
                                                      : "untrusted"},
             {"why", explain(entry)},
             {"age_s", entry.age.count()},
             {"fresh_for_ms", entry.fresh_for.count()},
             {"queue", entry.in_main_queue ? "main" : "small"}};
  if (entry.status != 0) {
    shown["status"] = entry.status;
    shown["body_bytes"] = entry.body_bytes;
    shown["stale_while_revalidate_s"] = entry.stale_while_revalidate.count();
    shown["stale_if_error_s"] = entry.stale_if_error.count();
  }
  if (!entry.etag.empty()) shown["etag"] = entry.etag;
  if (!entry.selecting.empty()) shown["selected_by"] = entry.selecting;
  if (entry.version) shown["version"] = *entry.version;
  return shown;
}

}  // namespace

void show_avatar(frontend::Exchange& exchange, std::string_view avatar, const cache::MemoryCache& cache) {
  std::string decoded;
  const std::string_view name = http::percent_decoded(avatar, decoded);
  const cache::AvatarReport report = cache.report(name);
  json shown{{"avatar", name}, {"responses", json::array()}, {"fills", json::array()}, {"version_floor", nullptr}};
  for (const auto& entry : report.entries) shown["responses"].push_back(describe(entry));
  for (const auto& [url, waiters] : report.fills) shown["fills"].push_back({{"url", url}, {"waiters", waiters}});
  if (report.floor && report.floor->version) shown["version_floor"] = *report.floor->version;
  if (report.floor && report.floor->id != cache::EventId{}) shown["last_event"] = report.floor->id.text();
  if (report.entries.empty() && report.fills.empty())
    shown["why"] =
        "nothing is held: it was not asked for, its answer was an error or for one client alone, it was invalidated, "
        "or it made room for others";
  answer_json(exchange, 200, shown.dump(2, ' ', false, json::error_handler_t::replace));
}

}  // namespace edge::admin
