#include "admin/admin_handler.h"

#include "admin/answers.h"
#include "admin/avatar_page.h"
#include "admin/explain.h"
#include "admin/json_body.h"
#include "admin/purge.h"
#include "serving/token.h"

namespace edge::admin {
namespace {

constexpr std::string_view kIndex =
    "avatar-edge, admin port\n\n"
    "GET  /livez        200 while the process runs\n"
    "GET  /readyz       200 while it wants traffic\n"
    "GET  /metrics      for Prometheus\n"
    "GET  /status       what the edge says of itself\n"
    "GET  /avatars/ID   what this node holds of an avatar, and why\n"
    "GET  /explain/URL  what a request for /URL would get, why and until when, in words\n"
    "GET  /tail         records of the access log as they come; ?filter=status%3E=500%20and%20avatar=42\n"
    "GET  /hottest      the avatars asked for most since it was last asked; ?watch=NAME has a count of its own\n"
    "POST /updates      {\"avatar\":\"42\",\"version\":57,\"op\":\"update\"}; ?wait=10s until all nodes have applied "
    "it\n"
    "POST /purge        {\"avatar\":\"42\"} or {\"url\":\"/avatars/42/96\"} or {\"all\":true}, with \"soft\":true to "
    "revalidate\n"
    "POST /reload       the configuration is read again; ?wait=10s until all workers have taken it over\n"
    "POST /degraded     {\"on\":true}: uploads are limited as limits.degraded says; {\"on\":false}: no longer\n"
    "POST /maintenance  {\"on\":true}: the origin is left alone, what is held is served; {\"on\":false}: no longer\n";

constexpr std::string_view kAvatars = "/avatars/";
constexpr std::string_view kExplain = "/explain";

// The method that a path has; empty for a path that is not here.
std::string_view method_of(std::string_view path) {
  for (const std::string_view known : {"/updates", "/purge", "/reload", "/degraded", "/maintenance"})
    if (path == known) return "POST";
  for (const std::string_view known : {"/", "/livez", "/readyz", "/metrics", "/status", "/tail", "/hottest"})
    if (path == known) return "GET";
  if (path.starts_with(kExplain) && path.substr(kExplain.size()).starts_with('/')) return "GET";
  return path.starts_with(kAvatars) && path.size() > kAvatars.size() ? "GET" : "";
}

}  // namespace

AdminHandler::AdminHandler(AdminOptions options, cache::MemoryCache& cache, serving::Invalidator& invalidator,
                           metrics::Metrics& metrics, frontend::AccessLog& access_log, feed::Feed* feed,
                           AdminQuestions questions)
    : options_(std::move(options)),
      cache_(cache),
      invalidator_(invalidator),
      metrics_(metrics),
      questions_(std::move(questions)),
      updates_(invalidator, feed),
      tails_(access_log, metrics.main_thread()),
      hottest_(access_log, metrics.main_thread()) {}

std::unique_ptr<frontend::ExchangeTask> AdminHandler::start(frontend::Exchange& exchange) {
  const http::RequestHead& request = exchange.request();
  const std::string path(request.target.substr(0, request.target.find('?')));
  const std::string_view method = method_of(path);
  const bool is_probe = path == "/livez" || path == "/readyz";
  if (!is_probe && options_.token &&
      !serving::is_bearer(request.fields.value(http::FieldName::Authorization), *options_.token))
    return answer_unauthorized(exchange), nullptr;
  if (method.empty())
    return answer_error(exchange, 404, "there is no " + path + " here; GET / lists what there is"), nullptr;
  const bool is_head = method == "GET" && request.method == http::Method::Head;
  if (request.method_name != method && !is_head) return answer_wrong_method(exchange, path, method), nullptr;

  if (path == "/") return answer_text(exchange, 200, kIndex), nullptr;
  if (path == "/livez") return answer_text(exchange, 200, "alive\n"), nullptr;
  if (path == "/readyz") {
    const std::string_view why_not = questions_.why_not_ready();
    return answer_text(exchange, why_not.empty() ? 200 : 503, std::string(why_not.empty() ? "ready" : why_not) + "\n"),
           nullptr;
  }
  if (path == "/metrics") return answer(exchange, 200, metrics::Metrics::kContentType, metrics_.exposition()), nullptr;
  if (path == "/status") return answer_json(exchange, 200, questions_.status_json()), nullptr;
  const std::string_view query = request.target.substr(std::min(path.size() + 1, request.target.size()));
  if (path == "/updates") return updates_.start(exchange, query);
  if (path == "/tail") return tails_.start(exchange, query, options_.routes);
  if (path == "/hottest") return hottest_.answer(exchange, query, options_.routes), nullptr;
  if (path == "/reload") return start_reload(exchange, query, questions_.reload);
  if (path == "/purge")
    return read_json(exchange, [this](frontend::Exchange& x, std::string_view body) {
      purge(x, body, options_.routes, invalidator_);
    });
  if (path == "/degraded")
    return read_json(exchange, [this](frontend::Exchange& x, std::string_view body) {
      switch_over(x, "degraded.switched", body, questions_.degraded);
    });
  if (path == "/maintenance")
    return read_json(exchange, [this](frontend::Exchange& x, std::string_view body) {
      switch_over(x, "maintenance.switched", body, questions_.maintenance);
    });
  if (path.starts_with(kExplain))
    return explain_url(exchange, request.target.substr(kExplain.size()), cache_, options_.routes), nullptr;
  return show_avatar(exchange, std::string_view(path).substr(kAvatars.size()), cache_), nullptr;
}

}  // namespace edge::admin
