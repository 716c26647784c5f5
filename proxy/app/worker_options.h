// From the configuration of the process to the options of its parts.
#pragma once

#include <cstdint>
#include <memory>

#include "admin/admin_handler.h"
#include "app/config.h"
#include "app/worker.h"

namespace edge::app {

// How many workers a configuration asks for: one per core of ours where it says 0.
std::uint32_t worker_count(const Config& config);
// Limits that are for the process are dealt out evenly, rounded up.
std::shared_ptr<const WorkerOptions> worker_options(const Config& config, std::uint32_t workers);
// Null where the listener asks nothing of those who connect.
std::shared_ptr<const frontend::PortAccess> port_access(const ListenOptions& options);
serving::Routes routes_of(const Config& config);
admin::AdminOptions admin_options(const Config& config);
// For the admin port, whose clients are few and known.
frontend::ServerOptions admin_server_options(const Config& config);

}  // namespace edge::app
