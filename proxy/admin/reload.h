// POST /reload: the configuration is read again, as with SIGHUP.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "frontend/exchange.h"

namespace edge::admin {

// One reload, and what it came to. A value.
struct ReloadReport {
  std::uint64_t id = 0;                      // Counts from 1 in the life of the process, those that failed too.
  std::string by{};                          // What has asked for it: "SIGHUP", "POST /reload".
  WallTime at{};                             // When.
  bool is_over = false;                      // Until then the rest is unknown.
  std::vector<std::string> problems{};       // FILE:LINE:COLUMN: text. None: the configuration is in force.
  std::vector<std::string> needs_restart{};  // Keys of which the change is not.
  std::size_t workers_left = 0;              // That have yet to take it over.
};

// What the application knows of reloads and admin, below it, must ask for.
struct Reload {
  std::function<std::uint64_t()> ask;  // Begins one, in a later turn; its id.
  // Null for one of long ago.
  std::function<const ReloadReport*(std::uint64_t id)> find;
};

// Answers 202 with the id. `query`: wait=10s answers when all workers have taken the configuration over (200), when
// there are problems (422), or after that time (504).
std::unique_ptr<frontend::ExchangeTask> start_reload(frontend::Exchange& exchange, std::string_view query,
                                                     const Reload& reload);

}  // namespace edge::admin
