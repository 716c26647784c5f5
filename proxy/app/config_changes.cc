#include "app/config_changes.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "app/config_format.h"
#include "app/config_table.h"

namespace edge::app {
namespace {

// All of TLS may change while the process runs, but not whether an address speaks it.
void add_tls_switches(const Config& running, const Config& next, std::vector<std::string>& paths) {
  const std::size_t listeners = std::min(running.listen.size(), next.listen.size());
  for (std::size_t i = 0; i < listeners; ++i)
    if (running.listen[i].has_tls() != next.listen[i].has_tls())
      paths.push_back("listen[" + std::to_string(i) + "].tls");
}

}  // namespace

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

// Routes and version header are among it because what is stored was stored by them: under other routes an event would
// look for it under another avatar.
Config without_changes_needing_restart(Config next, const Config& running) {
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
  next.preallocates = running.preallocates;
  next.redis_url = running.redis_url;
  next.tier = running.tier;
  next.updates_url = running.updates_url;
  next.updates = running.updates;
  next.limits.entries = running.limits.entries;
  next.log.file = running.log.file;
  next.access_file = running.access_file;
  return next;
}

}  // namespace edge::app
