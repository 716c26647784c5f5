#include "app/edge.h"

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <iterator>
#include <nlohmann/json.hpp>
#include <random>

#include "app/node_name.h"
#include "app/version.h"
#include "app/worker_options.h"
#include "base/log.h"
#include "base/rfc3339.h"
#include "base/units.h"
#include "net/address.h"

namespace edge::app {
namespace {

// A node is not held back for longer where its tier cannot be used.
constexpr std::chrono::seconds kTierPatience{1};

// How often the file is looked for that switches maintenance on.
constexpr std::chrono::milliseconds kMaintenanceWatch{500};

// Between two looks whether the feed has been heard.
constexpr std::chrono::milliseconds kFeedLook{10};

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

nlohmann::json tier_json(const Config& config, const tier2::TierState& state, const metrics::TierMetrics& counts) {
  if (config.redis_url.empty()) return nullptr;
  const auto place = state.place();
  return {{"place", config.tier.url.place()},
          {"prefix", config.tier.prefix},
          {"connected", counts.connected.value() != 0},
          {"open", place != nullptr},
          {"epoch", place ? nlohmann::json(place->epoch) : nlohmann::json()},
          {"epochs_moved", counts.epochs_moved.value()},
          {"replays", counts.replays.value()}};
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

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Where clients connect, and last where operators do.
std::vector<ListenOptions> all_listeners(const Config& config) {
  std::vector<ListenOptions> all = config.listen;
  all.push_back(config.admin.listener());
  return all;
}

// So that it is named again at each reload. Routes and version header are among it because what is stored was stored by
// them: under other routes an event would look for it under another avatar.
Config with_what_only_a_restart_changes(Config next, const Config& running) {
  next.site = running.site;
  next.workers = running.workers;
  next.listen = running.listen;  // ListenerTls has taken what may change of it.
  // Who guards it is for its address, so it stays as it is where that cannot be changed yet: else a port that others
  // can reach would be without its token.
  if (next.admin.address != running.admin.address || next.admin.has_tls() != running.admin.has_tls())
    next.admin = running.admin;
  next.admin.socket_mode = running.admin.socket_mode;
  next.avatars = running.avatars;
  next.cache.floors_max = running.cache.floors_max;
  next.redis_url = running.redis_url;
  next.tier = running.tier;
  next.updates_url = running.updates_url;
  next.updates = running.updates;
  next.limits.entries = running.limits.entries;
  next.log.file = running.log.file;
  next.access_file = running.access_file;
  return next;
}

}  // namespace

Edge::Edge(Config config, std::filesystem::path file, const Clock& clock, LineWriter& access_writer, Origins origins)
    : config_(std::move(config)),
      file_(std::move(file)),
      clock_(clock),
      routes_(routes_of(config_)),
      started_at_(clock.now()),
      reloads_(clock),
      tls_(all_listeners(config_), clock),
      cache_(config_.cache, clock),
      metrics_(
          worker_count(config_), {.site = config_.site, .version = kVersion}, clock,
          [this] { return cache_gauges(cache_); },
          config_.updates_url.empty() ? nullptr
                                      : std::function<metrics::FeedGauges()>([this] { return feed_gauges(*feed_); }),
          config_.redis_url.empty() ? nullptr : std::function<metrics::TierGauges()>([this] {
            return metrics::TierGauges{tier_.is_open()};
          }),
          [this] { return tls_.certificates(); }),
      feed_(make_feed()),
      invalidator_(cache_, metrics_, feed_.get(), &pushes_),
      rates_(config_.limits.entries),
      access_writer_(access_writer),
      access_log_(config_.access_log, access_writer),
      loop_(clock),
      health_(loop_, config_.origin, std::random_device{}(), metrics_.main_thread(),
              [this](const std::shared_ptr<const origin::UnhealthyUrls>& urls) {
                for (const auto& worker : workers_) worker->set_unhealthy(urls);
              }),
      admin_(admin_options(config_), cache_, invalidator_, metrics_, access_log_, feed_.get(),
             {.why_not_ready = [this] { return why_not_ready(); },
              .status_json = [this] { return status_json(); },
              .degraded = {[this] { return rates_.is_degraded(); }, [this](bool is_on) { set_degraded(is_on); }},
              .maintenance = {[this] { return maintenance_.is_on(); }, [this](bool is_on) { want_maintenance(is_on); }},
              .reload = {[this] { return ask_reload(); }, [this](std::uint64_t id) { return reloads_.find(id); }}}),
      admin_server_(loop_, admin_server_options(config_), admin_, metrics_.main_thread(), access_log_),
      maintenance_watch_(loop_, [this] { update_maintenance(); }),
      memory_watch_(loop_, [this](serving::OverloadLevel level) { set_memory_level(level); }),
      drain_delay_(loop_, [this] { drain_workers(); }),
      drain_deadline_(loop_,
                      [this] {
                        log_warning("drain.deadline",
                                    "connections were left when the drain's time was over; they are cut off");
                        end();
                      }),
      manager_(std::move(origins.manager)),
      reports_(
          loop_, manager_, [this] { return why_not_ready(); }, [this] { return ask_workers(); }),
      invocation_(std::move(origins.invocation)),
      generation_(origins.inheritance ? origins.inheritance->generation : 0),
      take_over_(loop_, [this] { take_over(); }) {
  set_degraded(config_.limits.is_degraded);
  want_maintenance(config_.maintenance.is_on);
  const std::uint32_t count = worker_count(config_);
  const auto options = worker_options(config_, count);
  for (std::uint32_t i = 0; i < count; ++i)
    workers_.push_back(std::make_unique<Worker>(
        i,
        Worker::Shared{clock_, cache_, metrics_, invalidator_, directory_, pushes_, rates_, maintenance_, clients_,
                       access_log_, config_.redis_url.empty() ? nullptr : &config_.tier, tier_},
        options));
  memory_watch_.set_limit(config_.overload.memory_bytes);
  if (feed_)
    successor_.emplace(loop_, Successor::Parts{.cache = cache_,
                                               .feed = *feed_,
                                               .clock = clock_,
                                               .switches =
                                                   [this] {
                                                     return HandSwitches{is_maintenance_wanted_, rates_.is_degraded()};
                                                   },
                                               .on_serving = [this](pid_t by) { on_replaced(by); },
                                               .on_failed =
                                                   [this](std::string_view why) {
                                                     log_error("upgrade.failed",
                                                               "the new process does not serve: " + std::string(why) +
                                                                   "; this one goes on");
                                                     metrics_.upgrade_failed();
                                                   },
                                               .on_purged =
                                                   [this](const serving::Purge& purge) {
                                                     repeat_purge(purge, routes_, cache_);
                                                     if (predecessor_) predecessor_->tell(purge);
                                                   }});
  invalidator_.on_purge(
      [this](serving::Purge purge) { loop_.post([this, purge = std::move(purge)] { tell_others(purge); }); });
  if (!origins.inheritance) return;
  manager_.use_sockets(std::move(origins.inheritance->sockets));
  predecessor_.emplace(loop_, std::move(origins.inheritance->link),
                       Predecessor::Parts{.cache = cache_,
                                          .feed = feed_.get(),
                                          .routes = routes_,
                                          .clock = clock_,
                                          .on_switches =
                                              [this](const HandSwitches& switches) {
                                                want_maintenance(switches.is_maintenance_wanted);
                                                set_degraded(switches.is_degraded);
                                              },
                                          .on_taken_over = [this] { begin_serving(); },
                                          .on_alone = [this] { reports_.on_alone(); },
                                          .on_purged =
                                              [this](const serving::Purge& purge) {
                                                repeat_purge(purge, routes_, cache_);
                                                if (successor_) successor_->tell(purge);
                                              }});
}

Edge::~Edge() = default;

std::unique_ptr<feed::Feed> Edge::make_feed() {
  if (config_.updates_url.empty()) return nullptr;
  std::optional<feed::Feed::Tier> tier;
  if (!config_.redis_url.empty()) {
    cache_.use_tier();
    tier.emplace(feed::Feed::Tier{config_.tier, tier_});
  }
  return std::make_unique<feed::Feed>(config_.updates, std::move(tier), clock_, cache_, metrics_);
}

Status Edge::listen() {
  if (Status loaded = tls_.load(all_listeners(config_)); !loaded) return loaded;
  for (std::size_t i = 0; i < config_.listen.size(); ++i)
    if (Status listening = listen_for_clients(i); !listening) return listening;
  if (Status listening = listen_for_operators(); !listening) return listening;
  for (const std::string& left : manager_.sockets().left())
    log_warning("listen.unused",
                "inherited a socket that listens on " + left + ", which the configuration does not name");
  manager_.use_sockets({});
  return {};
}

// Those that were inherited, else `count` that share a port, whose number the kernel may choose.
Status Edge::listen_on(net::Address& address, std::size_t count, std::vector<net::Socket>& sockets) {
  sockets = manager_.sockets().take(address);
  if (!sockets.empty()) return {};
  // Sockets that share their port would share it with another edge too; one that does not is refused then.
  if (const auto probe = net::listen_on(address, false); !probe) return Failure{probe.error()};
  while (sockets.size() < count) {
    auto socket = net::listen_on(address, true);
    if (!socket) return Failure{socket.error()};
    address = net::local_address(*socket);
    sockets.push_back(std::move(*socket));
  }
  return {};
}

// Each worker has a socket, and each socket a worker, also where other numbers of them were inherited.
Status Edge::listen_for_clients(std::size_t listener) {
  auto address = net::parse_address(config_.listen[listener].address);
  if (!address) return Failure{address.error()};
  std::vector<net::Socket> sockets;
  if (const Status listening = listen_on(*address, workers_.size(), sockets); !listening) return listening;
  const auto access = port_access(config_.listen[listener]);
  for (std::size_t i = 0; i < std::max(workers_.size(), sockets.size()); ++i) {
    auto socket = net::duplicate(sockets[i % sockets.size()]);
    if (!socket) return Failure{socket.error()};
    Worker& worker = *workers_[i % workers_.size()];
    if (i < workers_.size())
      worker.add_listener(std::move(*socket), tls_.contexts()[listener], access);
    else
      worker.add_socket(listener, std::move(*socket));
  }
  std::ranges::move(sockets, std::back_inserter(listening_));
  data_addresses_.push_back(address->text());
  return {};
}

Status Edge::listen_for_operators() {
  const auto address = net::parse_address(config_.admin.address);
  if (!address) return Failure{address.error()};
  auto sockets = manager_.sockets().take(*address);
  if (sockets.empty() && address->is_unix()) {
    auto opened = net::listen_on_unix(*address, static_cast<mode_t>(std::stoul(config_.admin.socket_mode, nullptr, 8)));
    if (!opened) return Failure{opened.error()};
    sockets.push_back(std::move(opened->socket));
    admin_file_ = std::move(opened->file);
  } else if (sockets.empty()) {
    auto opened = net::listen_on(*address, false);
    if (!opened) return Failure{opened.error()};
    sockets.push_back(std::move(*opened));
  }
  admin_address_ = net::local_address(sockets[0]).text();
  auto copy = net::duplicate(sockets[0]);
  if (!copy) return Failure{copy.error()};
  listening_.push_back(std::move(*copy));
  admin_socket_ = std::move(sockets[0]);
  return {};
}

void Edge::run() {
  for (const int number : {SIGTERM, SIGINT})
    signals_.push_back(std::make_unique<event::SignalWatch>(loop_, number, [this] { on_end_signal(); }));
  signals_.push_back(std::make_unique<event::SignalWatch>(loop_, SIGHUP, [this] { reload(reloads_.begin("SIGHUP")); }));
  signals_.push_back(std::make_unique<event::SignalWatch>(loop_, SIGUSR1, [this] { reopen_logs(); }));
  signals_.push_back(std::make_unique<event::SignalWatch>(loop_, SIGUSR2, [this] { upgrade(); }));
  if (feed_)
    feed_->start(node_name(config_.site, admin_address_, generation_),
                 [this](const std::string& avatar, auto hot) { pushes_.push(avatar, std::move(hot)); });
  predecessor_ ? take_over() : begin_serving();
  reports_.start("serves " + joined(data_addresses_));
  loop_.run();
  successor_.reset();
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  // Only now: while it served it was to be waited for (PROTOCOL R17).
  if (feed_) feed_->stop();
  log_info("stop", "all workers have ended");
}

// Who comes in an upgrade serves when it has heard the feed and has what the other process held; until then that one
// does.
void Edge::take_over() {
  if (!why_unheard().empty()) return take_over_.arm(kFeedLook);
  predecessor_->take_over(config_.cache.object_bytes_max, config_.upgrade.handover);
}

void Edge::begin_serving() {
  is_serving_ = true;
  for (const auto& worker : workers_) worker->start();
  admin_server_.add_listener(std::move(admin_socket_), tls_.contexts().back());
  log_info("start", std::string("avatar-edge ") + kVersion + " serves " + joined(data_addresses_) + " with " +
                        std::to_string(workers_.size()) + " workers; admin on " + admin_address_ +
                        (generation_ > 0 ? "; in the place of another process" : ""));
  if (predecessor_) predecessor_->say_ready();
}

void Edge::upgrade() {
  const auto refuse = [](std::string_view why) { log_error("upgrade.refused", why); };
  if (invocation_.program.empty()) return refuse("this process cannot be started again by itself");
  if (draining_) return refuse("this process is about to end");
  if (!is_serving_ || (successor_ && successor_->is_under_way())) return refuse("an upgrade is under way");
  // Two processes would each hear of some updates only.
  if (!successor_)
    return refuse("there is no update feed (updates.url), by which both processes would hear of updates");
  if (getpid() == 1) return refuse("this is the first process of its container, which would end with it");
  const Status started =
      successor_->start(invocation_, manager_.variables(), listening_, generation_ + 1, config_.upgrade.patience);
  if (started) return log_info("upgrade", "a new process is started to take this one's place");
  metrics_.upgrade_failed();
  log_error("upgrade.failed", started.error().message + "; this process goes on");
}

void Edge::on_replaced(pid_t by) {
  log_info("upgrade", "process " + std::to_string(by) + " serves in the place of this one");
  reports_.on_replaced(by);
  is_replaced_ = true;
  // Else operators and scrapes would reach the one or the other.
  admin_server_.drain([] {});
  admin_file_.keep();
  start_drain();
}

// The processes before and after this one.
void Edge::tell_others(const serving::Purge& purge) {
  if (successor_) successor_->tell(purge);
  if (predecessor_) predecessor_->tell(purge);
}

void Edge::announce(std::string_view avatar, std::uint64_t version) {
  invalidator_.update(avatar, version);
  if (feed_) feed_->publish_surely({.avatar = std::string(avatar), .version = version});
}

void Edge::reopen_logs() {
  if (config_.log.file == "-" && config_.access_file == "-")
    return log_info("log.reopen", "no log is a file, so there is none to open anew");
  // In this order, so that what is said of the access log is in the new plain log.
  reopen_log();
  access_writer_.reopen();
}

// In a later turn, because who asks is an exchange of the admin port, which a reload may change.
std::uint64_t Edge::ask_reload() {
  const std::uint64_t id = reloads_.begin("POST /reload");
  loop_.post([this, id] { reload(id); });
  return id;
}

// All or nothing: the running configuration stays unless the new one is without fault.
void Edge::reload(std::uint64_t id) {
  reports_.on_reload_begins();
  if (file_.empty()) return on_reload_failed(id, {"there is no configuration file to read again"});
  LoadedConfig loaded = load_config(file_);
  if (!loaded) {
    std::vector<std::string> lines;
    for (const Problem& problem : loaded.problems) lines.push_back(format_problem(file_.string(), problem));
    return on_reload_failed(id, std::move(lines));
  }
  // The files were good when the configuration was read, a moment ago.
  if (const Status tls = tls_.load(all_listeners(*loaded.config)); !tls)
    return on_reload_failed(id, {tls.error().message});
  auto waiting = changes_needing_restart(config_, *loaded.config);
  // Else what was switched over the admin port would go with the next certificate.
  if (loaded.config->limits.is_degraded != config_.limits.is_degraded) set_degraded(loaded.config->limits.is_degraded);
  const bool is_maintenance_changed = loaded.config->maintenance.is_on != config_.maintenance.is_on;
  config_ = with_what_only_a_restart_changes(std::move(*loaded.config), config_);
  want_maintenance(is_maintenance_changed ? config_.maintenance.is_on : is_maintenance_wanted_);
  const auto options = worker_options(config_, static_cast<std::uint32_t>(workers_.size()));
  ListenerTls::Contexts contexts = tls_.contexts();
  admin_server_.set_tls(0, std::move(contexts.back()));
  contexts.pop_back();
  for (const auto& worker : workers_) {
    worker->reload(options, contexts);
    // Asked behind it, so that who answers has it.
    worker->ask_alive([this, id] { loop_.post([this, id] { reloads_.on_worker_taken(id); }); });
  }
  memory_watch_.set_limit(config_.overload.memory_bytes);
  health_.reload(config_.origin);  // After the workers, which are to know its URLs.
  admin_.reload(admin_options(config_));
  cache_.reload(config_.cache);
  access_log_.set_mode(config_.access_log);
  reload_log(config_.log);
  access_writer_.reopen();
  ++reloads_done_;
  last_reload_error_.clear();
  metrics_.config_reloaded(metrics::ReloadResult::Ok, id);
  log_info("config.reload",
           reloads_.name_of(id) + ": done" + (waiting.empty() ? "" : "; a restart is needed for " + joined(waiting)));
  reloads_.end_well(id, std::move(waiting), workers_.size());
  reports_.on_reload_ended({});
}

void Edge::on_reload_failed(std::uint64_t id, std::vector<std::string> problems) {
  for (const std::string& problem : problems)
    log_error("config.problem", "reload " + std::to_string(id) + ": " + problem);
  last_reload_error_ = problems.front();
  log_error("config.reload", reloads_.name_of(id) + ": failed with " + std::to_string(problems.size()) +
                                 (problems.size() == 1 ? " problem" : " problems") +
                                 "; the running configuration stays in force");
  metrics_.config_reloaded(metrics::ReloadResult::Failed, id);
  reloads_.end_badly(id, std::move(problems));
  reports_.on_reload_ended(last_reload_error_);
}

void Edge::on_end_signal() {
  if (draining_ || !is_serving_) {
    log_warning("drain.cut", "a second signal; ends at once");
    return end();
  }
  start_drain();
}

void Edge::start_drain() {
  draining_ = true;
  admin_.end_streams("the edge drains");
  if (successor_) successor_->give_up();
  if (is_replaced_) return drain_workers();  // Who has taken our place accepts already.
  reports_.on_drain(config_.drain_delay + config_.drain);
  if (config_.drain_delay.count() == 0) return drain_workers();
  log_info("drain.delay", "is not ready any more, and serves on for " + format_duration(config_.drain_delay) +
                              " so that balancers notice");
  drain_delay_.arm(config_.drain_delay);
}

void Edge::drain_workers() {
  log_info("drain", "accepts nothing more, finishes what is begun; at most " + format_duration(config_.drain));
  listening_.clear();
  drain_deadline_.arm(config_.drain);
  workers_draining_ = workers_.size();
  for (const auto& worker : workers_) worker->drain([this] { loop_.post([this] { on_worker_drained(); }); });
}

void Edge::on_worker_drained() {
  if (--workers_draining_ == 0) end();
}

void Edge::end() {
  drain_delay_.disarm();
  drain_deadline_.disarm();
  admin_server_.close_all();
  loop_.stop();
}

// Without the feed the edge still serves, by asking the origin; it only gives the feed a chance to be heard first.
std::string_view Edge::why_not_ready() const {
  if (draining_) return "draining";
  if (const std::string_view why = why_unheard(); !why.empty()) return why;
  return is_serving_ ? "" : "taking over what the process before holds";
}

std::string_view Edge::why_unheard() const {
  if (feed_ && !feed_->position() && clock_.now() < started_at_ + feed_->options().lease)
    return "waiting for the update feed";
  // Without it the origin would get all that the other nodes have.
  if (feed_ && !config_.redis_url.empty() && !tier_.is_open() && clock_.now() < started_at_ + kTierPatience)
    return "waiting for the Redis tier";
  return {};
}

std::size_t Edge::ask_workers() {
  for (const auto& worker : workers_) worker->ask_alive([this] { loop_.post([this] { reports_.on_worker_alive(); }); });
  return workers_.size();
}

void Edge::set_memory_level(serving::OverloadLevel level) {
  for (const auto& worker : workers_) worker->set_memory_level(level);
}

// Empty where it is not.
std::string Edge::why_overloaded() const {
  const auto lag = metrics_.overload_level(metrics::OverloadCause::LoopLag);
  const auto memory = metrics_.overload_level(metrics::OverloadCause::Memory);
  if (lag == 0 && memory == 0) return {};
  std::string why = "overload: ";
  why += memory >= lag ? "memory is short" : "workers are late";
  return why.append(", so ").append(to_text(static_cast<serving::OverloadLevel>(std::max(lag, memory))));
}

void Edge::set_degraded(bool is_on) {
  rates_.set_degraded(is_on);
  metrics_.limit_uploads(is_on);
}

void Edge::want_maintenance(bool is_wanted) {
  is_maintenance_wanted_ = is_wanted;
  update_maintenance();
}

// Looks for the file as well, and will look again.
void Edge::update_maintenance() {
  const std::string& file = config_.maintenance.file;
  std::error_code unknown;
  const bool is_on = is_maintenance_wanted_ || (!file.empty() && std::filesystem::exists(file, unknown));
  if (is_on != maintenance_.is_on()) log_warning("maintenance", is_on ? "begins: the origin is left alone" : "is over");
  maintenance_.set(is_on);
  metrics_.set_maintenance(is_on);
  if (!file.empty()) maintenance_watch_.arm(kMaintenanceWatch);
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
      {"pid", getpid()},
      {"generation", generation_},
      {"listen", data_addresses_},
      {"admin", admin_address_},
      // Without a feed there is no position and no lease, and nothing to be cut off from.
      {"position", nullptr},
      {"lease_ms", nullptr},
      {"degraded", false},
      {"degraded_reasons", nlohmann::json::array()},
      {"origin",
       {{"urls", config_.origin.urls.size()},
        {"checked", !config_.origin.health.path.empty()},
        {"unhealthy", health_.unhealthy()}}},
      {"feed", feed_json(feed_.get(), metrics_.feed())},
      {"tier", tier_json(config_, tier_, metrics_.tier())},
      {"config",
       {{"file", file_.string()},
        {"reloads", reloads_done_},
        {"id", reloads_.in_force()},
        {"last", reload_json(reloads_.last())},
        {"last_error", nullptr}}},
      {"cache",
       {{"bytes", held.bytes}, {"bytes_max", held.bytes_max}, {"responses", held.entries}, {"floors", held.floors}}}};
  const auto degraded = [&status](std::string why) {
    status["degraded"] = true;
    status["degraded_reasons"].push_back(std::move(why));
  };
  if (feed_) {
    if (const auto position = feed_->position()) status["position"] = position->text();
    status["lease_ms"] = std::chrono::floor<std::chrono::milliseconds>(feed_->lease_left()).count();
    if (feed_->lease_left().count() == 0)
      degraded("no_lease: the update feed was not heard for a lease, so what is held is revalidated before use");
  }
  if (const auto open = metrics_.breakers_open(); open > 0)
    degraded("no_origin: the origin fails, and " + std::to_string(open) + " of " + std::to_string(workers_.size()) +
             " workers ask it by probes alone; what they do not hold is answered 503");
  if (!config_.redis_url.empty() && !tier_.is_open())
    degraded("no_tier: the Redis tier cannot be used now, so what is not held in memory is asked of the origin");
  if (maintenance_.is_on()) degraded("maintenance: the origin is left alone, so what is not held is answered 503");
  if (std::string why = why_overloaded(); !why.empty()) degraded(std::move(why));
  if (rates_.is_degraded())
    degraded("limited_uploads: uploads and other unsafe requests have the rate of " + config_.limits.degraded.rate +
             " that limits.degraded gives each user");
  if (!last_reload_error_.empty()) status["config"]["last_error"] = last_reload_error_;
  return status.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace edge::app
