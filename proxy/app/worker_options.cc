#include "app/worker_options.h"

#include <sched.h>

#include <algorithm>

#include "base/check.h"
#include "base/text.h"

namespace edge::app {
namespace {

std::uint32_t share(std::uint32_t of_process, std::uint32_t workers) { return (of_process + workers - 1) / workers; }

std::string lower(std::string_view text) {
  std::string lowered;
  for (const char c : text) lowered += ascii_lower(c);
  return lowered;
}

// The configuration was checked when it was loaded.
serving::Routes routes_of(const Config& config) {
  auto routes = serving::parse_routes(config.avatars.routes);
  EDGE_CHECK(routes);
  return std::move(*routes);
}

serving::CachingPolicy caching_of(const Config& config) {
  serving::CachingPolicy policy = config.caching;
  for (std::string& name : policy.targeted_fields) name = lower(name);
  for (std::string& type : policy.accept_types) type = lower(type);
  return policy;
}

std::vector<std::string> authorities_of(const Config& config) {
  std::vector<std::string> authorities;
  for (const std::string& url : config.origin.urls) {
    const std::size_t start = url.find("//") + 2;
    authorities.push_back(url.substr(start, url.find('/', start) - start));
  }
  return authorities;
}

std::optional<std::string> token_of(const Config& config) {
  return config.admin.token.empty() ? std::nullopt : std::optional{config.admin.token};
}

}  // namespace

std::uint32_t worker_count(const Config& config) {
  if (config.workers != 0) return config.workers;
  // What this process may run on, which in a container is less than what the machine has.
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return static_cast<std::uint32_t>(std::max(1, CPU_COUNT(&cpus)));
}

std::shared_ptr<const WorkerOptions> worker_options(const Config& config, std::uint32_t workers) {
  auto serving = std::make_shared<serving::ServingOptions>(
      serving::ServingOptions{.routes = routes_of(config),
                              .version_header = lower(config.avatars.version_header),
                              .caching = caching_of(config),
                              .origin_authorities = authorities_of(config),
                              .object_bytes_max = config.cache.object_bytes_max,
                              .token = token_of(config)});
  auto options = std::make_shared<WorkerOptions>(WorkerOptions{config.http, config.origin, std::move(serving)});
  options->server.connections_max = share(config.http.connections_max, workers);
  options->origin.concurrent_max = share(config.origin.concurrent_max, workers);
  options->origin.queue_max = share(config.origin.queue_max, workers);
  options->origin.collect_bytes_max = config.cache.object_bytes_max;
  return options;
}

admin::AdminOptions admin_options(const Config& config) { return {token_of(config), routes_of(config)}; }

frontend::ServerOptions admin_server_options(const Config& config) {
  frontend::ServerOptions options;
  options.connections_max = std::min<std::uint32_t>(config.http.connections_max, 256);
  options.body_bytes_max = 1 << 20;
  return options;
}

}  // namespace edge::app
