#include "app/config.h"

#include <algorithm>
#include <cstdio>

#include "app/config_checks.h"
#include "app/config_reader.h"
#include "app/config_rules.h"
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

std::optional<Config> load_or_complain(const std::string& file) {
  LoadedConfig loaded = load_config(file);
  for (const Problem& problem : loaded.problems) std::fprintf(stderr, "%s\n", format_problem(file, problem).c_str());
  return std::move(loaded.config);
}

}  // namespace edge::app
