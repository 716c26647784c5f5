// The running edge: its workers, what they share, the admin port, and what signals do to it.
//
// Life: built and listening, run until a signal, drained, stopped, freed. Main's thread runs the loop that has the
// signals and the admin port; it never serves avatars.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/admin_handler.h"
#include "app/config.h"
#include "app/listener_tls.h"
#include "app/listeners.h"
#include "app/memory_watch.h"
#include "app/predecessor.h"
#include "app/reload_history.h"
#include "app/service_manager.h"
#include "app/service_reports.h"
#include "app/status_report.h"
#include "app/successor.h"
#include "app/worker.h"
#include "base/process.h"
#include "base/result.h"
#include "event/signal_watch.h"
#include "event/timer.h"
#include "feed/feed.h"
#include "origin/health_checker.h"
#include "tier2/tier_state.h"

namespace edge::app {

class Edge {
 public:
  // Where it comes from.
  struct Origins {
    ServiceManager manager{};                  // Hears how it is, and may have opened its sockets.
    std::optional<Inheritance> inheritance{};  // Of the process whose place it takes.
    Invocation invocation{};                   // By which SIGUSR2 starts another; without a program it does not.
  };
  // `file`: where SIGHUP reads the configuration again; empty: it does not. `clock` and `access_writer` must outlive
  // the edge.
  Edge(Config config, std::filesystem::path file, const Clock& clock, LineWriter& access_writer)
      : Edge(std::move(config), std::move(file), clock, access_writer, Origins()) {}
  Edge(Config config, std::filesystem::path file, const Clock& clock, LineWriter& access_writer, Origins origins);
  ~Edge();
  Edge(const Edge&) = delete;
  Edge& operator=(const Edge&) = delete;

  // Opens all listeners, or takes those that were inherited; nothing is accepted yet. Fails when an address cannot be
  // had.
  Status listen();
  // Serves until a signal ends it: SIGTERM and SIGINT drain, a second one ends at once, SIGHUP reloads, SIGUSR1 opens
  // the logs anew. SIGUSR2 has a new process of the same program take its place, and ends it then.
  void run();

  // The addresses really listened on, after listen().
  const std::vector<std::string>& data_addresses() const { return listeners_.client_addresses(); }
  const std::string& admin_address() const { return listeners_.operator_address(); }
  // For the demo, whose origin is in this process: the avatar has changed. Applied here at once, and published where
  // there is a feed. Thread-safe while the edge runs.
  void announce(std::string_view avatar, std::uint64_t version);

 private:
  std::unique_ptr<feed::Feed> make_feed();
  Successor::Parts successor_parts();
  Predecessor::Parts predecessor_parts();
  Status listen_for_clients(std::size_t listener);
  void tell_rest();
  void take_over();
  void begin_serving();
  void take_totals(std::string_view block);
  void on_alone();
  void serve_operators();
  void upgrade();
  void on_upgrade_failed(std::string_view why);
  void on_replaced(pid_t by);
  void tell_others(const serving::Purge& purge);
  void reopen_logs();
  std::uint64_t ask_reload();
  void reload(std::uint64_t id);
  void on_reload_failed(std::uint64_t id, std::vector<std::string> problems);
  void on_end_signal();
  void start_drain();
  void drain_workers();
  void on_server_drained();
  void end();
  void want_maintenance(bool is_wanted);
  void update_maintenance();
  std::string_view why_not_ready() const;
  void set_memory_level(serving::OverloadLevel level);
  std::string_view why_unheard() const;
  std::size_t ask_workers();
  void set_degraded(bool is_on);

  Config config_;
  const std::filesystem::path file_;
  const Clock& clock_;
  const serving::Routes routes_;  // Of the start: they are among what only a restart changes.
  const Instant started_at_;
  const std::uint32_t generation_;  // Processes before this one, each in the place of the last.
  ReloadHistory reloads_;

  // Outlive the workers.
  ListenerTls tls_;
  cache::MemoryCache cache_;
  metrics::Metrics metrics_;
  tier2::TierState tier_;
  const std::unique_ptr<feed::Feed> feed_;  // Null without updates.url. Ends before the loops go that it posts to.
  serving::PushDirectory pushes_;
  serving::Invalidator invalidator_;
  serving::WaiterDirectory directory_;
  serving::RateLimiter rates_;
  serving::Maintenance maintenance_;
  limit::ClientConnections clients_;
  LineWriter& access_writer_;
  frontend::AccessLog access_log_;

  event::EventLoop loop_;
  std::vector<std::unique_ptr<Worker>> workers_;
  origin::HealthChecker health_;
  const StatusReport status_;
  admin::AdminHandler admin_;
  frontend::Server admin_server_;
  Listeners listeners_;
  net::Socket admin_socket_;  // Until operators are served.

  bool is_maintenance_wanted_ = false;  // By the configuration, or over the admin port.
  event::Timer maintenance_watch_;
  MemoryWatch memory_watch_;
  bool draining_ = false;
  bool is_cut_ = false;  // By a second signal.
  std::size_t servers_draining_ = 0;
  event::Timer drain_delay_;
  event::Timer drain_deadline_;
  ServiceManager manager_;
  ServiceReports reports_;
  const Invocation invocation_;
  bool is_serving_ = false;
  bool is_replaced_ = false;  // By a process that serves in our place.
  std::optional<Predecessor> predecessor_;
  event::Timer take_over_;  // Looks whether the feed has been heard.
  event::Timer alone_deadline_;
  std::optional<Successor> successor_;  // None without a feed.
  std::vector<std::unique_ptr<event::SignalWatch>> signals_;
};

}  // namespace edge::app
