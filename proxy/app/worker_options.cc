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
serving::RateRules rates_of(const Config& config) {
  auto rules = serving::make_rate_rules(config.limits);
  EDGE_CHECK(rules);
  return *std::move(rules);
}

std::shared_ptr<const frontend::ClientAccess> access_of(const Config& config) {
  const frontend::AccessOptions& options = config.access;
  if (options.allow.empty() && options.deny.empty() && options.trusted_proxies.empty()) return nullptr;
  auto access = frontend::make_client_access(options);
  EDGE_CHECK(access);
  return std::make_shared<const frontend::ClientAccess>(*std::move(access));
}

bool trusts_loopback(const Config& config) {
  const auto access = access_of(config);
  return access && (access->trusts(*net::try_ip("127.0.0.1")) || access->trusts(*net::try_ip("::1")));
}

serving::SignedUrls signed_urls_of(const Config& config) {
  auto urls = serving::make_signed_urls(config.signed_urls);
  EDGE_CHECK(urls);
  return *std::move(urls);
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
  auto serving = std::make_shared<serving::ServingOptions>(serving::ServingOptions{
      .routes = routes_of(config),
      .version_header = lower(config.avatars.version_header),
      .caching = caching_of(config),
      .origin_authorities = authorities_of(config),
      .object_bytes_max = config.cache.object_bytes_max,
      .pushes_max = share(config.pushes_max, workers),
      .token = token_of(config),
      .purges_from_loopback = !trusts_loopback(config),
      .rates = rates_of(config),
      .signed_urls = signed_urls_of(config),
      .maintenance_retry_after = std::chrono::ceil<std::chrono::seconds>(config.maintenance.retry_after),
      .fills_per_route_max = share(config.fills_per_route_max, workers),
      .fill_bytes_max = config.fill_bytes_max / workers});
  auto options = std::make_shared<WorkerOptions>(
      WorkerOptions{config.http, config.origin, config.overload.loop_lag, std::move(serving)});
  options->server.access = access_of(config);
  options->server.connections_max = share(config.http.connections_max, workers);
  options->origin.concurrent_max = share(config.origin.concurrent_max, workers);
  options->origin.queue_max = share(config.origin.queue_max, workers);
  options->origin.retries.per_second_min = share(config.origin.retries.per_second_min, workers);
  options->origin.collect_bytes_max = config.cache.object_bytes_max;
  return options;
}

std::shared_ptr<const frontend::PortAccess> port_access(const ListenOptions& options) {
  if (options.allow.empty() && options.deny.empty() && !options.proxy_protocol) return nullptr;
  auto list = frontend::make_access_list(options.allow, options.deny);
  EDGE_CHECK(list);
  return std::make_shared<const frontend::PortAccess>(frontend::PortAccess{*std::move(list), options.proxy_protocol});
}

serving::Routes routes_of(const Config& config) {
  auto routes = serving::parse_routes(config.avatars.routes);
  EDGE_CHECK(routes);
  return std::move(*routes);
}

admin::AdminOptions admin_options(const Config& config) { return {token_of(config), routes_of(config)}; }

frontend::ServerOptions admin_server_options(const Config& config) {
  frontend::ServerOptions options;
  options.connections_max = std::min<std::uint32_t>(config.http.connections_max, 256);
  options.body_bytes_max = 1 << 20;
  options.drain_idle_timeout = config.http.drain_idle_timeout;
  return options;
}

}  // namespace edge::app
