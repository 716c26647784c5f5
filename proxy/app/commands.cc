#include "app/commands.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "app/admin_client.h"
#include "app/config.h"
#include "app/config_schema.h"
#include "app/connect_check.h"
#include "app/demo_run.h"
#include "app/edge.h"
#include "app/heap.h"
#include "app/publish_once.h"
#include "app/service_manager.h"
#include "base/log.h"

namespace edge::app {
namespace {

int failed(const std::string& why) {
  std::fprintf(stderr, "avatar-edge: %s\n", why.c_str());
  return 1;
}

int print_answer(const Result<OneAnswer>& answer) {
  if (!answer) return failed(answer.error().message);
  std::fputs(answer->body.c_str(), answer->status == 200 ? stdout : stderr);
  return answer->status == 200 ? 0 : 1;
}

// Without a feed: the edge that runs here, and no other.
int update_node(const Config& config, const feed::UpdateEvent& update) {
  nlohmann::json event{{"avatar", update.avatar}, {"op", update.is_delete ? "delete" : "update"}};
  if (update.version) event["version"] = *update.version;
  return print_answer(ask_admin(config.admin, "POST", "/updates",
                                event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
}

int update_feed(const Config& config, feed::UpdateEvent event, std::optional<std::chrono::milliseconds> wait) {
  const auto published = publish_once(config.updates, std::move(event), wait);
  if (!published) return failed(published.error().message);
  const bool is_done = !published->acknowledgement || published->acknowledgement->is_complete;
  std::fprintf(is_done ? stdout : stderr, "%s\n", describe(*published).c_str());
  return is_done ? 0 : 1;
}

}  // namespace

int serve(const std::string& config_file, const Invocation& invocation) {
  // Until there is somebody who hears it: whoever rotates logs must not end an edge that just starts.
  std::signal(SIGUSR1, SIG_IGN);
  auto manager = ServiceManager::take_from_environment();
  if (!manager) return failed(manager.error().message);
  auto inheritance = Predecessor::take_from_environment();
  if (!inheritance) return failed(inheritance.error().message);
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  const auto heap = lay_out_heap(config->cache.memory_bytes);
  if (const Status started = start_log(config->log); !started) return failed(started.error().message);
  int exit_status = 0;
  {
    const auto access_writer = make_line_writer(config->access_file);
    if (!access_writer) return failed(access_writer.error().message);
    std::optional<Preallocation> preallocation;
    if (config->preallocates) preallocation.emplace(heap, config->cache.memory_bytes);
    const SystemClock clock;
    Edge edge(*config, config_file, clock, **access_writer, {*std::move(manager), *std::move(inheritance), invocation});
    if (const Status listening = edge.listen(); listening) {
      edge.run();
    } else {
      exit_status = failed(listening.error().message);
    }
  }
  stop_log();
  return exit_status;
}

int check(const std::string& config_file, bool connects) {
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  const auto problems = connects ? check_connections(*config) : std::vector<std::string>{};
  for (const std::string& problem : problems) std::fprintf(stderr, "%s: %s\n", config_file.c_str(), problem.c_str());
  if (problems.empty()) std::printf("%s: ok\n", config_file.c_str());
  return problems.empty() ? 0 : 1;
}

int schema() {
  std::fputs(config_schema().c_str(), stdout);
  return 0;
}

int status(const std::string& config_file) {
  const auto config = load_or_complain(config_file);
  return config ? print_answer(ask_admin(config->admin, "GET", "/status", {})) : 1;
}

// A whole URL will do as well as its path: that of a data port, whose scheme and host the edge does not ask about.
int explain(const std::string& config_file, const std::string& url) {
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  const std::size_t authority = url.find("://");
  const std::string path =
      authority == std::string::npos ? url : url.substr(std::min(url.find('/', authority + 3), url.size()));
  if (!path.starts_with('/')) return failed("not a URL or a path: '" + url + "'; write one such as /avatars/42/96");
  return print_answer(ask_admin(config->admin, "GET", "/explain" + path, {}));
}

int update(const std::string& config_file, feed::UpdateEvent event, std::optional<std::chrono::milliseconds> wait) {
  const auto config = load_or_complain(config_file);
  if (!config) return 1;
  return config->updates_url.empty() ? update_node(*config, event) : update_feed(*config, std::move(event), wait);
}

int demo(std::uint16_t port, bool with_redis) {
  const Status done = run_demo(port, with_redis);
  return done ? 0 : failed(done.error().message);
}

}  // namespace edge::app
