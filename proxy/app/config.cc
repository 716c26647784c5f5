#include "app/config.h"

#include <algorithm>

#include "app/config_checks.h"
#include "app/config_format.h"
#include "app/config_reader.h"
#include "app/config_rules.h"
#include "app/config_table.h"
#include "app/yaml_reader.h"
#include "redis/redis_url.h"

namespace edge::app {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::size_t kProblemsMax = 100;  // Nobody reads more; the file is not a configuration.

LoadedConfig rejected(std::vector<Problem> problems) {
  std::ranges::sort(problems);
  if (problems.size() > kProblemsMax) {
    const std::size_t more = problems.size() - kProblemsMax;
    const Position last = problems[kProblemsMax - 1].at;
    problems.resize(kProblemsMax);
    problems.push_back({last, "and " + std::to_string(more) + " more problems after this"});
  }
  return {std::nullopt, std::move(problems)};
}

// All of TLS may change while the process runs, but not whether an address speaks it.
void add_tls_switches(const Config& running, const Config& next, std::vector<std::string>& paths) {
  const std::size_t listeners = std::min(running.listen.size(), next.listen.size());
  for (std::size_t i = 0; i < listeners; ++i)
    if (running.listen[i].has_tls() != next.listen[i].has_tls())
      paths.push_back("listen[" + std::to_string(i) + "].tls");
}

}  // namespace

ListenOptions AdminOptions::listener() const {
  ListenOptions options{address};
  if (!has_tls()) return options;
  options.tls.certificates.push_back({tls.certificate, tls.key, {}});
  options.tls.client_ca_file = tls.client_ca_file;
  if (!tls.client_ca_file.empty()) options.tls.client_certificates = net::ClientCertificates::Required;
  return options;
}

LoadedConfig load_config(const std::filesystem::path& file) {
  const auto text = read_text(file, kFileBytesMax);
  if (!text) return rejected({{{}, text.error().message}});
  return parse_config(*text, file.parent_path());
}

LoadedConfig parse_config(std::string_view text, const std::filesystem::path& folder) {
  YamlDocument document = parse_yaml(text);
  if (!document.problems.empty()) return rejected(std::move(document.problems));

  Config config;
  std::vector<Problem> problems;
  ConfigReader reader(folder, config, problems);
  reader.read(document.root);
  apply_rules(reader.places(), config, problems);
  if (!problems.empty()) return rejected(std::move(problems));

  // What is fetched whole is what may be stored.
  config.origin.collect_bytes_max = config.cache.object_bytes_max;
  for (ListenOptions& listener : config.listen) listener.tls.http2 = config.http.http2.enabled;
  if (!config.redis_url.empty()) config.tier.url = *redis::parse_redis_url(config.redis_url);
  if (config.updates_url.empty()) config.updates_url = config.redis_url;
  if (!config.updates_url.empty()) config.updates.url = *redis::parse_redis_url(config.updates_url);
  return {std::move(config), {}};
}

std::vector<std::string> changes_needing_restart(const Config& running, const Config& next) {
  std::vector<std::string> paths;
  for (const ConfigKey& key : config_keys()) {
    if (key.path == "listen[].tls.certificates") add_tls_switches(running, next, paths);
    if (key.path == "admin.tls.certificate" && running.admin.has_tls() != next.admin.has_tls())
      paths.emplace_back("admin.tls");
    if (key.change == Change::Live) continue;
    const std::size_t brackets = key.path.find("[]");
    if (brackets == std::string_view::npos) {
      if (format_value(key, running) != format_value(key, next)) paths.emplace_back(key.path);
      continue;
    }
    // Items of lists are compared where both have them; a list that grew or shrank has its own row.
    const auto& maps = std::get<Maps>(find_config_key(key.path.substr(0, brackets))->kind);
    const std::size_t items = std::min(maps.size.read(running, {}), maps.size.read(next, {}));
    for (std::size_t i = 0; i < items; ++i)
      if (format_value(key, running, {&i, 1}) != format_value(key, next, {&i, 1}))
        paths.push_back(std::string(key.path).insert(brackets + 1, std::to_string(i)));
  }
  return paths;
}

}  // namespace edge::app
