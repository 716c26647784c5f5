// The configuration: one immutable value, made of the options that stand beside the classes they are for. Only this
// file's implementation and its config_ and yaml_ neighbours know YAML.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "app/config_problem.h"
#include "base/log.h"
#include "cache/cache_options.h"
#include "feed/feed_options.h"
#include "frontend/access_log.h"
#include "frontend/server_options.h"
#include "net/tls_options.h"
#include "origin/origin.h"
#include "serving/caching_policy.h"
#include "serving/maintenance.h"
#include "serving/overload.h"
#include "serving/rate_options.h"
#include "serving/signed_urls.h"
#include "tier2/tier_options.h"

namespace edge::app {

struct ListenOptions {
  std::string address = "0.0.0.0:8080";  // IPv4:port or [IPv6]:port. Port 0: the kernel picks one.
  net::TlsOptions tls{};                 // Without certificates: in the clear.
  std::vector<std::string> allow{};      // As AccessOptions' own, of this address alone.
  std::vector<std::string> deny{};
  bool proxy_protocol = false;

  bool has_tls() const { return !tls.certificates.empty(); }
};

// TLS on the admin port. Paths are as the process sees them.
struct AdminTlsOptions {
  std::string certificate{};  // PEM, with those that lead to its issuer. Empty: in the clear.
  std::string key{};          // PEM.
  std::string
      client_ca_file{};  // PEM: who issues operators' certificates, which all must show. Empty: nobody is asked.
};

// What this program's own commands show to the admin port, and what they believe.
struct AdminClientOptions {
  std::string certificate{};  // PEM. Empty: none.
  std::string key{};          // PEM.
  std::string ca_file{};      // PEM: who may have issued the admin port's. Empty: the system's.
  std::string server_name{};  // In the admin port's certificate. Empty: the host of its address.
};

struct AdminOptions {
  std::string address = "127.0.0.1:9180";  // Or "unix:" and the path of a socket.
  std::string socket_mode = "0660";        // Permissions of that socket, octal.
  std::string token_file{};                // Empty: no token.
  std::string token{};                     // What the file held when it was loaded, without white space at its ends.
  AdminTlsOptions tls{};
  AdminClientOptions client{};

  bool is_unix() const { return address.starts_with("unix:"); }
  bool has_tls() const { return !tls.certificate.empty(); }
  // The same as one more of the addresses that are listened at.
  ListenOptions listener() const;
};

struct AvatarOptions {
  std::vector<std::string> routes{"/avatars/{avatar}/{variant}", "/avatars/{avatar}"};  // The first match decides.
  std::string version_header = "X-Avatar-Version";
};

// Of a program that takes the place of the one that runs (SIGUSR2).
struct UpgradeOptions {
  std::chrono::milliseconds patience{60'000};  // Until it must say that it serves.
  std::chrono::milliseconds handover{10'000};  // Of that, for what memory holds; 0: that is not handed over.
};

struct Config {
  std::string site = "local";  // Name of this point of presence.
  std::uint32_t workers = 0;   // 0: one per core.
  std::vector<ListenOptions> listen{1};
  AdminOptions admin;
  frontend::ServerOptions http;
  frontend::AccessOptions access;
  origin::OriginOptions origin;  // concurrent_max and queue_max are the process's; its workers share them.
  AvatarOptions avatars;
  cache::CacheOptions cache;
  bool preallocates = false;  // The cache's memory, at once; else it comes as it is used.
  serving::CachingPolicy caching;
  std::string redis_url;          // Empty: no tier 2, memory only.
  tier2::TierOptions tier;        // `url` is that of redis_url.
  std::string updates_url;        // Empty: that of redis_url; without that one no update feed.
  feed::FeedOptions updates;      // `url` is that of updates_url; the node's name is missing.
  std::uint32_t pushes_max = 64;  // Push-fills under way at once, all workers together.
  serving::LimitOptions limits;
  serving::SignedUrlOptions signed_urls;
  serving::MaintenanceOptions maintenance;
  serving::OverloadOptions overload;
  std::uint32_t fills_per_route_max = 0;      // All workers together; 0: no limit.
  std::uint64_t fill_bytes_max = 1ull << 30;  // Likewise.
  LogOptions log;
  frontend::AccessLogMode access_log = frontend::AccessLogMode::Errors;
  std::string access_file = "-";  // A path, or - for standard output.
  std::chrono::milliseconds drain_delay{
      0};                                   // After the signal it serves on for so long, but says that it is not ready.
  std::chrono::milliseconds drain{30'000};  // From then to the end of the last connection.
  UpgradeOptions upgrade;
};

// The configuration, exactly when there are no problems.
struct LoadedConfig {
  std::optional<Config> config;
  std::vector<Problem> problems;  // All of the file's, in the order of their places.

  explicit operator bool() const noexcept { return config.has_value(); }
};

// Reads and judges the file and the files it names. What the file leaves out has the value of Config{}; paths in it are
// relative to its folder. Never throws.
LoadedConfig load_config(const std::filesystem::path& file);
// For commands: each problem goes to standard error, and there is nothing where the file cannot be used.
std::optional<Config> load_or_complain(const std::string& file);

// The same for text that stands for a file in `folder`.
LoadedConfig parse_config(std::string_view text, const std::filesystem::path& folder);

}  // namespace edge::app
