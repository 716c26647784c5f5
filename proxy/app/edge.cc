#include "app/edge.h"

#include <unistd.h>

#include <csignal>
#include <random>

#include "app/config_changes.h"
#include "app/gauges.h"
#include "app/node_name.h"
#include "app/version.h"
#include "app/worker_options.h"
#include "base/log.h"
#include "base/units.h"

namespace edge::app {
namespace {

// A node is not held back for longer where its tier cannot be used.
constexpr std::chrono::seconds kTierPatience{1};

// How often the file is looked for that switches maintenance on.
constexpr std::chrono::milliseconds kMaintenanceWatch{500};

// Between two looks whether the feed has been heard.
constexpr std::chrono::milliseconds kFeedLook{10};

// A process before this one that does not say in this time what it has counted leaves operators without an answer no
// longer.
constexpr std::chrono::seconds kAlonePatience{10};

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

}  // namespace

Edge::Edge(Config config, std::filesystem::path file, const Clock& clock, LineWriter& access_writer, Origins origins)
    : config_(std::move(config)),
      file_(std::move(file)),
      clock_(clock),
      routes_(routes_of(config_)),
      started_at_(clock.now()),
      generation_(origins.inheritance ? origins.inheritance->generation : 0),
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
      status_({.clock = clock_,
               .started_at = started_at_,
               .workers = worker_count(config_),
               .generation = generation_,
               .config = config_,
               .config_file = file_,
               .reloads = reloads_,
               .listeners = listeners_,
               .health = health_,
               .feed = feed_.get(),
               .tier = tier_,
               .cache = cache_,
               .maintenance = maintenance_,
               .rates = rates_,
               .metrics = metrics_}),
      admin_(admin_options(config_), cache_, invalidator_, metrics_, access_log_, feed_.get(),
             {.why_not_ready = [this] { return why_not_ready(); },
              .status_json = [this] { return status_.json(draining_); },
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
      take_over_(loop_, [this] { take_over(); }),
      alone_deadline_(loop_, [this] { serve_operators(); }) {
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
  if (feed_) successor_.emplace(loop_, successor_parts());
  invalidator_.on_purge(
      [this](serving::Purge purge) { loop_.post([this, purge = std::move(purge)] { tell_others(purge); }); });
  if (!origins.inheritance) return;
  manager_.use_sockets(std::move(origins.inheritance->sockets));
  predecessor_.emplace(loop_, std::move(origins.inheritance->link), predecessor_parts());
}

Edge::~Edge() = default;

Successor::Parts Edge::successor_parts() {
  return {.cache = cache_,
          .feed = *feed_,
          .clock = clock_,
          .switches =
              [this] {
                return HandSwitches{is_maintenance_wanted_, rates_.is_degraded()};
              },
          .ticket_keys = [this] { return tls_.ticket_keys(); },
          .totals = [this] { return metrics_.totals(); },
          .on_serving = [this](pid_t by) { on_replaced(by); },
          .on_failed = [this](std::string_view why) { on_upgrade_failed(why); },
          .on_purged =
              [this](const serving::Purge& purge) {
                repeat_purge(purge, routes_, cache_);
                if (predecessor_) predecessor_->tell(purge);
              }};
}

Predecessor::Parts Edge::predecessor_parts() {
  return {.cache = cache_,
          .feed = feed_.get(),
          .routes = routes_,
          .clock = clock_,
          .on_switches =
              [this](const HandSwitches& switches) {
                want_maintenance(switches.is_maintenance_wanted);
                set_degraded(switches.is_degraded);
              },
          .on_ticket_keys = [this](ListenerTls::TicketKeys keys) { tls_.take(std::move(keys)); },
          .on_totals = [this](std::string_view block) { take_totals(block); },
          .on_taken_over = [this] { begin_serving(); },
          .on_alone = [this] { on_alone(); },
          .on_purged =
              [this](const serving::Purge& purge) {
                repeat_purge(purge, routes_, cache_);
                if (successor_) successor_->tell(purge);
              }};
}

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
  auto for_operators = listeners_.open_for_operators(config_.admin, manager_.sockets());
  if (!for_operators) return Failure{for_operators.error()};
  admin_socket_ = std::move(*for_operators);
  for (const std::string& left : manager_.sockets().left())
    log_warning("listen.unused",
                "inherited a socket that listens on " + left + ", which the configuration does not name");
  manager_.use_sockets({});
  return {};
}

// Each worker has a socket, and each socket a worker, also where other numbers of them were inherited.
Status Edge::listen_for_clients(std::size_t listener) {
  const ListenOptions& options = config_.listen[listener];
  auto sockets = listeners_.open_for_clients(options, workers_.size(), manager_.sockets());
  if (!sockets) return Failure{sockets.error()};
  const auto access = port_access(options);
  for (std::size_t i = 0; i < sockets->size(); ++i) {
    Worker& worker = *workers_[i % workers_.size()];
    if (i < workers_.size())
      worker.add_listener(std::move((*sockets)[i]), tls_.contexts()[listener], access);
    else
      worker.add_socket(listener, std::move((*sockets)[i]));
  }
  return {};
}

void Edge::run() {
  for (const int number : {SIGTERM, SIGINT})
    signals_.push_back(std::make_unique<event::SignalWatch>(loop_, number, [this] { on_end_signal(); }));
  signals_.push_back(std::make_unique<event::SignalWatch>(loop_, SIGHUP, [this] { reload(reloads_.begin("SIGHUP")); }));
  signals_.push_back(std::make_unique<event::SignalWatch>(loop_, SIGUSR1, [this] { reopen_logs(); }));
  signals_.push_back(std::make_unique<event::SignalWatch>(loop_, SIGUSR2, [this] { upgrade(); }));
  if (feed_)
    feed_->start(node_name(config_.site, admin_address(), generation_),
                 [this](const std::string& avatar, auto hot) { pushes_.push(avatar, std::move(hot)); });
  predecessor_ ? take_over() : begin_serving();
  reports_.start("serves " + joined(data_addresses()));
  loop_.run();
  if (successor_ && successor_->is_under_way()) successor_.reset();
  for (const auto& worker : workers_) worker->stop();
  for (const auto& worker : workers_) worker->join();
  if (is_replaced_) tell_rest();
  // Only now: while it served it was to be waited for (PROTOCOL R17).
  if (feed_) feed_->stop(is_cut_ ? std::chrono::milliseconds{0} : config_.drain);
  if (is_replaced_) successor_->tell_rest();
  log_info("stop", "all workers have ended");
}

// The workers have ended, but what they have posted last, as that something was purged, has not been run.
void Edge::tell_rest() {
  loop_.stop();
  loop_.run();
  successor_->tell_rest();
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
  log_info("start", std::string("avatar-edge ") + kVersion + " serves " + joined(data_addresses()) + " with " +
                        std::to_string(workers_.size()) + " workers; admin on " + admin_address() +
                        (generation_ > 0 ? "; in the place of another process" : ""));
  if (!predecessor_ || predecessor_->is_alone()) return serve_operators();
  alone_deadline_.arm(kAlonePatience);
  predecessor_->say_ready();
}

void Edge::take_totals(std::string_view block) {
  if (const Status taken = metrics_.take_totals(block); !taken) log_warning("upgrade.counters", taken.error().message);
}

void Edge::on_alone() {
  reports_.on_alone();
  if (is_serving_) serve_operators();
}

// Not while the process before this one does: a scrape would find now its counts and now ours.
void Edge::serve_operators() {
  alone_deadline_.disarm();
  if (!admin_socket_.is_open() || is_replaced_) return;
  if (predecessor_ && !metrics_.begin_showing())
    log_warning("upgrade.counters", "the process before has not said what it has counted; totals begin anew");
  admin_server_.add_listener(std::move(admin_socket_), tls_.contexts().back());
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
  const Status started = successor_->start(invocation_, manager_.variables(), listeners_.kept(), generation_ + 1,
                                           config_.upgrade.patience);
  if (started) return log_info("upgrade", "a new process is started to take this one's place");
  metrics_.upgrade_failed();
  log_error("upgrade.failed", started.error().message + "; this process goes on");
}

void Edge::on_upgrade_failed(std::string_view why) {
  metrics_.upgrade_failed();
  log_error("upgrade.failed", "the new process does not serve: " + std::string(why) + "; this one goes on");
}

void Edge::on_replaced(pid_t by) {
  log_info("upgrade", "process " + std::to_string(by) + " serves in the place of this one");
  reports_.on_replaced(by);
  is_replaced_ = true;
  metrics_.freeze_totals();
  listeners_.leave_file();
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
  config_ = without_changes_needing_restart(std::move(*loaded.config), config_);
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
  metrics_.config_reloaded(metrics::ReloadResult::Ok, id);
  log_info("config.reload",
           reloads_.name_of(id) + ": done" + (waiting.empty() ? "" : "; a restart is needed for " + joined(waiting)));
  reloads_.end_well(id, std::move(waiting), workers_.size());
  reports_.on_reload_ended({});
}

void Edge::on_reload_failed(std::uint64_t id, std::vector<std::string> problems) {
  for (const std::string& problem : problems)
    log_error("config.problem", "reload " + std::to_string(id) + ": " + problem);
  log_error("config.reload", reloads_.name_of(id) + ": failed with " + std::to_string(problems.size()) +
                                 (problems.size() == 1 ? " problem" : " problems") +
                                 "; the running configuration stays in force");
  metrics_.config_reloaded(metrics::ReloadResult::Failed, id);
  reloads_.end_badly(id, std::move(problems));
  reports_.on_reload_ended(reloads_.last_error());
}

void Edge::on_end_signal() {
  if (draining_ || !is_serving_) {
    log_warning("drain.cut",
                draining_ ? "a second signal; ends at once" : "told to end before it served; ends at once");
    is_cut_ = true;
    return end();
  }
  start_drain();
}

void Edge::start_drain() {
  draining_ = true;
  admin_.end_streams("the edge drains");
  if (successor_) successor_->give_up();
  if (is_replaced_) return drain_workers();                    // Who has taken our place accepts already.
  reports_.on_drain(config_.drain_delay + config_.drain * 2);  // Again for what is still to be published.
  if (config_.drain_delay.count() == 0) return drain_workers();
  log_info("drain.delay", "is not ready any more, and serves on for " + format_duration(config_.drain_delay) +
                              " so that balancers notice");
  drain_delay_.arm(config_.drain_delay);
}

void Edge::drain_workers() {
  log_info("drain", "accepts nothing more, finishes what is begun; at most " + format_duration(config_.drain));
  listeners_.close();
  drain_deadline_.arm(config_.drain);
  servers_draining_ = workers_.size();
  for (const auto& worker : workers_) worker->drain([this] { loop_.post([this] { on_server_drained(); }); });
  if (!is_replaced_) return;
  // Else operators and scrapes would reach the one or the other.
  ++servers_draining_;
  admin_server_.drain([this] { on_server_drained(); });
}

void Edge::on_server_drained() {
  if (--servers_draining_ == 0) end();
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

}  // namespace edge::app
