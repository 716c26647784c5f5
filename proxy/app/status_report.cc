#include "app/status_report.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "app/version.h"
#include "base/rfc3339.h"
#include "serving/overload.h"

namespace edge::app {
namespace {

using Parts = StatusReport::Parts;

nlohmann::json text_or_null(std::string text) {
  return text.empty() ? nlohmann::json() : nlohmann::json(std::move(text));
}

nlohmann::json origin_json(const Parts& of) {
  return {{"urls", of.config.origin.urls.size()},
          {"checked", !of.config.origin.health.path.empty()},
          {"unhealthy", of.health.unhealthy()}};
}

nlohmann::json feed_json(const Parts& of) {
  if (!of.feed) return nullptr;
  const metrics::FeedMetrics& counts = of.metrics.feed();
  return {{"node", of.feed->options().node},
          {"place", of.feed->options().url.place()},
          {"primary", text_or_null(of.feed->primary())},
          {"stream", of.feed->options().stream},
          {"connected", counts.connected.value() != 0},
          {"events_applied", counts.events_applied.value()},
          {"gaps", counts.gaps.value()},
          {"updates_pending", counts.publications_pending.value()}};
}

nlohmann::json position_json(const Parts& of) {
  if (!of.feed) return nullptr;
  const auto position = of.feed->position();
  return position ? nlohmann::json(position->text()) : nlohmann::json();
}

nlohmann::json lease_json(const Parts& of) {
  if (!of.feed) return nullptr;
  return std::chrono::floor<std::chrono::milliseconds>(of.feed->lease_left()).count();
}

nlohmann::json tier_json(const Parts& of) {
  if (of.config.redis_url.empty()) return nullptr;
  const metrics::TierMetrics& counts = of.metrics.tier();
  const auto place = of.tier.place();
  return {{"place", of.config.tier.url.place()},
          {"primary", text_or_null(of.tier.primary())},
          {"prefix", of.config.tier.prefix},
          {"connected", counts.connected.value() != 0},
          {"open", place != nullptr},
          {"epoch", place ? nlohmann::json(place->epoch) : nlohmann::json()},
          {"epochs_moved", counts.epochs_moved.value()},
          {"replays", counts.replays.value()}};
}

nlohmann::json reload_json(const admin::ReloadReport* last) {
  if (!last) return nullptr;
  return {{"id", last->id},
          {"by", last->by},
          {"at", Rfc3339(last->at).view()},
          {"result", !last->is_over           ? "asked"
                     : last->problems.empty() ? "ok"
                                              : "failed"},
          {"workers_left", last->workers_left}};
}

nlohmann::json config_json(const Parts& of) {
  const std::string& error = of.reloads.last_error();
  return {{"file", of.config_file.string()},
          {"reloads", of.reloads.done()},
          {"id", of.reloads.in_force()},
          {"last", reload_json(of.reloads.last())},
          {"last_error", error.empty() ? nlohmann::json() : nlohmann::json(error)}};
}

nlohmann::json cache_json(const Parts& of) {
  const cache::CacheStatistics held = of.cache.statistics();
  return {{"bytes", held.bytes}, {"bytes_max", held.bytes_max}, {"responses", held.entries}, {"floors", held.floors}};
}

// Empty where it is not.
std::string why_overloaded(const metrics::Metrics& metrics) {
  const auto lag = metrics.overload_level(metrics::OverloadCause::LoopLag);
  const auto memory = metrics.overload_level(metrics::OverloadCause::Memory);
  if (lag == 0 && memory == 0) return {};
  std::string why = "overload: ";
  why += memory >= lag ? "memory is short" : "workers are late";
  return why.append(", so ").append(to_text(static_cast<serving::OverloadLevel>(std::max(lag, memory))));
}

std::vector<std::string> why_degraded(const Parts& of) {
  std::vector<std::string> reasons;
  // Without a feed there is no lease, and nothing to be cut off from.
  if (of.feed && of.feed->lease_left().count() == 0)
    reasons.emplace_back(
        "no_lease: the update feed was not heard for a lease, so what is held is revalidated before use");
  if (const auto open = of.metrics.breakers_open(); open > 0)
    reasons.push_back("no_origin: the origin fails, and " + std::to_string(open) + " of " + std::to_string(of.workers) +
                      " workers ask it by probes alone; what they do not hold is answered 503");
  if (!of.config.redis_url.empty() && !of.tier.is_open())
    reasons.emplace_back(
        "no_tier: the Redis tier cannot be used now, so what is not held in memory is asked of the origin");
  if (of.maintenance.is_on())
    reasons.emplace_back("maintenance: the origin is left alone, so what is not held is answered 503");
  if (std::string why = why_overloaded(of.metrics); !why.empty()) reasons.push_back(std::move(why));
  if (of.rates.is_degraded())
    reasons.push_back("limited_uploads: uploads and other unsafe requests have the rate of " +
                      of.config.limits.degraded.rate + " that limits.degraded gives each user");
  return reasons;
}

}  // namespace

std::string StatusReport::json(bool is_draining) const {
  const auto up = std::chrono::floor<std::chrono::seconds>(parts_.clock.now() - parts_.started_at);
  const std::vector<std::string> reasons = why_degraded(parts_);
  const nlohmann::json status{{"version", kVersion},
                              {"site", parts_.config.site},
                              {"state", is_draining ? "draining" : "serving"},
                              {"uptime_s", up.count()},
                              {"workers", parts_.workers},
                              {"pid", getpid()},
                              {"generation", parts_.generation},
                              {"listen", parts_.listeners.client_addresses()},
                              {"admin", parts_.listeners.operator_address()},
                              {"position", position_json(parts_)},
                              {"lease_ms", lease_json(parts_)},
                              {"degraded", !reasons.empty()},
                              {"degraded_reasons", reasons},
                              {"origin", origin_json(parts_)},
                              {"feed", feed_json(parts_)},
                              {"tier", tier_json(parts_)},
                              {"config", config_json(parts_)},
                              {"cache", cache_json(parts_)}};
  return status.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace edge::app
