#include "app/edge.h"

#include <csignal>
#include <nlohmann/json.hpp>

#include "app/node_name.h"
#include "app/version.h"
#include "app/worker_options.h"
#include "base/log.h"
#include "base/units.h"
#include "net/address.h"

namespace edge::app {
namespace {

metrics::CacheGauges cache_gauges(const cache::MemoryCache& cache) {
  const cache::CacheStatistics now = cache.statistics();
  metrics::CacheGauges gauges{
      .bytes = now.bytes, .budget_bytes = now.bytes_max, .stored_responses = now.entries, .floors = now.floors};
  gauges.evictions[static_cast<std::size_t>(metrics::EvictionQueue::Small)] = now.evicted_small;
  gauges.evictions[static_cast<std::size_t>(metrics::EvictionQueue::Main)] = now.evicted_main;
  gauges.ghost_hits = now.ghost_hits;
  return gauges;
}

metrics::FeedGauges feed_gauges(const feed::Feed& feed) {
  const auto position = feed.position().value_or(cache::EventId{});
  return {.lease_remaining_seconds = std::chrono::duration<double>(feed.lease_left()).count(),
          .position_seconds = static_cast<double>(position.milliseconds) / 1000};
}

nlohmann::json feed_json(const feed::Feed* feed, const metrics::FeedMetrics& counts) {
  if (!feed) return nullptr;
  return {{"node", feed->options().node},
          {"place", feed->options().url.place()},
          {"stream", feed->options().stream},
          {"connected", counts.connected.value() != 0},
          {"events_applied", counts.events_applied.value()},
          {"gaps", counts.gaps.value()},
          {"updates_pending", counts.publications_pending.value()}};
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// So that it is named again at each reload. Routes and version header are among it because what is stored was stored by
// them: under other routes an event would look for it under another avatar.
Config with_what_only_a_restart_changes(Config next, const Config& running) {
  next.site = running.site;
  next.workers = running.workers;
  next.listen = running.listen;
  next.admin.address = running.admin.address;
  next.avatars = running.avatars;
  next.cache.floors_max = running.cache.floors_max;
  next.updates_url = running.updates_url;
  next.updates = running.updates;
  next.log.file = running.log.file;
  next.access_file = running.access_file;
  return next;
}

}  // namespace

Edge::Edge(Config config, std::filesystem::path file, const Clock& clock, LineWriter& access_writer)
    : config_(std::move(config)),
      file_(std::move(file)),
      clock_(clock),
      started_at_(clock.now()),
      cache_(config_.cache, clock),
      metrics_(
          worker_count(config_), {.site = config_.site, .version = kVersion}, clock,
          [this] { return cache_gauges(cache_); },
          config_.updates_url.empty() ? nullptr
                                      : std::function<metrics::FeedGauges()>([this] { return feed_gauges(*feed_); })),
      feed_(config_.updates_url.empty() ? nullptr
                                        : std::make_unique<feed::Feed>(config_.updates, clock, cache_, metrics_)),
      invalidator_(cache_, metrics_, feed_.get()),
      access_writer_(access_writer),
      access_log_(config_.access_log, access_writer),
      loop_(clock),
      admin_(admin_options(config_), cache_, invalidator_, metrics_, feed_.get(),
             {.why_not_ready = [this] { return why_not_ready(); }, .status_json = [this] { return status_json(); }}),
      admin_server_(loop_, admin_server_options(config_), admin_, metrics_.main_thread(), access_log_),
      drain_deadline_(loop_, [this] {
        log_warning("drain.deadline", "connections were left when the drain's time was over; they are cut off");
        end();
      }) {
  const std::uint32_t count = worker_count(config_);
  const auto options = worker_options(config_, count);
  for (std::uint32_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<Worker>(
        i, Worker::Shared{clock_, cache_, metrics_, invalidator_, directory_, access_log_}, options));
}

Edge::~Edge() = default;

Status Edge::listen() {
  for (const ListenOptions& listener : config_.listen) {
    auto address = net::parse_address(listener.address);
    if (!address) return Failure{address.error()};
    // Sockets that share their port would share it with another edge too; one that does not is refused then.
    if (const auto probe = net::listen_on(*address, false); !probe) return Failure{probe.error()};
    for (const auto& worker : workers_) {
      auto socket = net::listen_on(*address, true);
      if (!socket) return Failure{socket.error()};
      // Where the kernel picked the port for the first, the others take the same.
      address = net::local_address(*socket);
      worker->add_listener(std::move(*socket));
    }
    data_addresses_.push_back(address->text());
  }
  const auto address = net::parse_address(config_.admin.address);
  if (!address) return Failure{address.error()};
  auto socket = net::listen_on(*address, false);
  if (!socket) return Failure{socket.error()};
  admin_address_ = net::local_address(*socket).text();
  admin_server_.add_listener(std::move(*socket));
  return {};
}

void Edge::run() {
  for (const int number : {SIGTERM, SIGINT})
    signals_.push_back(std::make_unique<event::SignalWatch>(loop_, number, [this] { on_end_signal(); }));
  signals_.push_back(std::make_unique<event::SignalWatch>(loop_, SIGHUP, [this] { reload(); }));
  if (feed_) feed_->start(node_name(config_.site, admin_address_));
  for (const auto& worker : workers_) worker->start();
  log_info("start", std::string("avatar-edge ") + kVersion + " serves " + joined(data_addresses_) + " with " +
                        std::to_string(workers_.size()) + " workers; admin on " + admin_address_);
  loop_.run();
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  // Only now: while it served it was to be waited for (PROTOCOL R17).
  if (feed_) feed_->stop();
  log_info("stop", "all workers have ended");
}

void Edge::announce(std::string_view avatar, std::uint64_t version) {
  invalidator_.update(avatar, version);
  if (feed_) feed_->publish_surely({.avatar = std::string(avatar), .version = version});
}

// All or nothing: the running configuration stays unless the new one is without fault.
void Edge::reload() {
  if (file_.empty()) return log_info("config.reload", "there is no configuration file to reload");
  LoadedConfig loaded = load_config(file_);
  if (!loaded) {
    last_reload_error_.clear();
    for (const Problem& problem : loaded.problems) {
      const std::string line = format_problem(file_.string(), problem);
      log_error("config.problem", line);
      if (last_reload_error_.empty()) last_reload_error_ = line;
    }
    log_error("config.reload", "failed with " + std::to_string(loaded.problems.size()) +
                                   (loaded.problems.size() == 1 ? " problem" : " problems") +
                                   "; the running configuration stays in force");
    metrics_.config_reloaded(metrics::ReloadResult::Failed);
    return;
  }
  const auto waiting = changes_needing_restart(config_, *loaded.config);
  config_ = with_what_only_a_restart_changes(std::move(*loaded.config), config_);
  const auto options = worker_options(config_, static_cast<std::uint32_t>(workers_.size()));
  for (const auto& worker : workers_) worker->reload(options);
  admin_.reload(admin_options(config_));
  cache_.reload(config_.cache);
  access_log_.set_mode(config_.access_log);
  access_writer_.reopen();
  reload_log(config_.log);
  ++reloads_;
  last_reload_error_.clear();
  metrics_.config_reloaded(metrics::ReloadResult::Ok);
  log_info("config.reload", "done" + (waiting.empty() ? "" : "; a restart is needed for " + joined(waiting)));
}

void Edge::on_end_signal() {
  if (draining_) {
    log_warning("drain.cut", "a second signal; ends at once");
    return end();
  }
  start_drain();
}

void Edge::start_drain() {
  draining_ = true;
  log_info("drain", "accepts nothing more, finishes what is begun; at most " + format_duration(config_.drain));
  drain_deadline_.arm(config_.drain);
  workers_draining_ = workers_.size();
  for (const auto& worker : workers_) worker->drain([this] { loop_.post([this] { on_worker_drained(); }); });
}

void Edge::on_worker_drained() {
  if (--workers_draining_ == 0) end();
}

void Edge::end() {
  drain_deadline_.disarm();
  admin_server_.close_all();
  loop_.stop();
}

// Without the feed the edge still serves, by asking the origin; it only gives the feed a chance to be heard first.
std::string_view Edge::why_not_ready() const {
  if (draining_) return "draining";
  if (feed_ && !feed_->position() && clock_.now() < started_at_ + feed_->options().lease)
    return "waiting for the update feed";
  return {};
}

std::string Edge::status_json() const {
  const cache::CacheStatistics held = cache_.statistics();
  const auto up = std::chrono::floor<std::chrono::seconds>(clock_.now() - started_at_);
  nlohmann::json status{
      {"version", kVersion},
      {"site", config_.site},
      {"state", draining_ ? "draining" : "serving"},
      {"uptime_s", up.count()},
      {"workers", workers_.size()},
      {"listen", data_addresses_},
      {"admin", admin_address_},
      // Without a feed there is no position and no lease, and nothing to be cut off from.
      {"position", nullptr},
      {"lease_ms", nullptr},
      {"degraded", false},
      {"degraded_reasons", nlohmann::json::array()},
      {"feed", feed_json(feed_.get(), metrics_.feed())},
      {"config", {{"file", file_.string()}, {"reloads", reloads_}, {"last_error", nullptr}}},
      {"cache",
       {{"bytes", held.bytes}, {"bytes_max", held.bytes_max}, {"responses", held.entries}, {"floors", held.floors}}}};
  if (feed_) {
    if (const auto position = feed_->position()) status["position"] = position->text();
    status["lease_ms"] = std::chrono::floor<std::chrono::milliseconds>(feed_->lease_left()).count();
    if (feed_->lease_left().count() == 0) {
      status["degraded"] = true;
      status["degraded_reasons"].push_back(
          "no_lease: the update feed was not heard for a lease, so what is held is revalidated before use");
    }
  }
  if (!last_reload_error_.empty()) status["config"]["last_error"] = last_reload_error_;
  return status.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace edge::app
