#include "admin/updates.h"

#include <nlohmann/json.hpp>

#include "admin/answers.h"
#include "admin/json_body.h"
#include "admin/json_object.h"
#include "admin/wait.h"

namespace edge::admin {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

Result<std::optional<std::uint64_t>> parse_number(const json& object, const char* key) {
  const auto value = object.find(key);
  if (value == object.end()) return std::optional<std::uint64_t>{};
  if (!value->is_number_unsigned())
    return fail(ErrorCode::Malformed, "\"" + std::string(key) + "\" must be an unsigned 64-bit number");
  return std::optional{value->get<std::uint64_t>()};
}

Result<feed::UpdateEvent> parse_update(std::string_view body) {
  const auto object = parse_object(body, {"avatar", "version", "op", "at"});
  if (!object) return Failure{object.error()};
  if (!object->contains("avatar")) return fail(ErrorCode::Malformed, "\"avatar\" is missing");
  auto avatar = parse_avatar((*object)["avatar"]);
  if (!avatar) return Failure{avatar.error()};
  const auto version = parse_number(*object, "version"), at = parse_number(*object, "at");
  if (!version) return Failure{version.error()};
  if (!at) return Failure{at.error()};
  const auto op = object->find("op");
  if (op != object->end() && *op != "update" && *op != "delete")
    return fail(ErrorCode::Malformed, "\"op\" must be \"update\" or \"delete\"");
  return feed::UpdateEvent{std::move(*avatar), *version, op != object->end() && *op == "delete", *at};
}

json describe(const feed::Acknowledgement& acknowledgement) {
  json nodes = json::array();
  for (const auto& node : acknowledgement.nodes) {
    json shown{{"node", node.name}, {"applied_after_ms", nullptr}};
    if (node.applied_after) shown["applied_after_ms"] = node.applied_after->count();
    nodes.push_back(std::move(shown));
  }
  return {{"complete", acknowledgement.is_complete},
          {"waited_out", acknowledgement.was_waited_out},
          {"took_ms", acknowledgement.took.count()},
          {"nodes", std::move(nodes)}};
}

std::string to_text(const json& answer) { return answer.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

// Stands for an exchange in the table for as long as that lives.
class Updates::Waiting {
 public:
  Waiting(Updates& updates, std::uint64_t serial) : updates_(updates), serial_(serial) {}
  ~Waiting() { updates_.published_.erase(serial_); }

 private:
  Updates& updates_;
  const std::uint64_t serial_;
};

std::unique_ptr<frontend::ExchangeTask> Updates::start(frontend::Exchange& exchange, std::string_view query) {
  const auto wait = parse_wait(query);
  if (!wait) return answer_error(exchange, 400, wait.error().message), nullptr;
  const std::uint64_t serial = ++last_serial_;
  return read_json(exchange, [this, serial, wait = *wait, waiting = std::make_unique<Waiting>(*this, serial)](
                                 frontend::Exchange& x, std::string_view body) { on_body(serial, x, body, wait); });
}

void Updates::on_body(std::uint64_t serial, frontend::Exchange& exchange, std::string_view body,
                      std::optional<milliseconds> wait) {
  auto update = parse_update(body);
  if (!update) return answer_error(exchange, 400, update.error().message);
  if (!feed_) {
    const auto done = invalidator_.update(update->avatar, update->version);
    return answer_json(exchange, 200,
                       to_text({{"scope", "node"}, {"responses", done.responses}, {"fills", done.fills}}));
  }
  published_.emplace(serial, Asked{&exchange, update->avatar, update->version});
  event::EventLoop& loop = exchange.loop();
  feed_->publish(std::move(*update), wait, [this, serial, &loop](Result<feed::Published> outcome) {
    loop.post([this, serial, outcome = std::move(outcome)] { on_published(serial, outcome); });
  });
}

void Updates::on_published(std::uint64_t serial, const Result<feed::Published>& outcome) {
  const auto found = published_.find(serial);
  if (found == published_.end()) return;  // The client has gone; the event is on its way all the same.
  const Asked asked = std::move(found->second);
  published_.erase(found);
  if (!outcome)
    return answer_error(*asked.exchange, 503,
                        "not published, as far as is known, and not applied here: " + outcome.error().message);
  // It would come by the feed, but whoever is answered may ask at once.
  const auto done = invalidator_.update(asked.avatar, asked.version, outcome->id);
  json answer{{"id", outcome->id.text()}, {"scope", "feed"}, {"responses", done.responses}, {"fills", done.fills}};
  const auto& acknowledgement = outcome->acknowledgement;
  if (acknowledgement) answer["wait"] = describe(*acknowledgement);
  answer_json(*asked.exchange, !acknowledgement || acknowledgement->is_complete ? 200 : 504, to_text(answer));
}

}  // namespace edge::admin
