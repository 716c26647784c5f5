#include "admin/switches.h"

#include <nlohmann/json.hpp>

#include "admin/answers.h"
#include "admin/audit.h"
#include "admin/json_object.h"

namespace edge::admin {
namespace {

Result<bool> parse_switch(std::string_view body) {
  const auto object = parse_object(body, {"on"});
  if (!object) return Failure{object.error()};
  const auto on = object->find("on");
  if (on == object->end() || !on->is_boolean())
    return fail(ErrorCode::Malformed, "\"on\" must be there, and true or false");
  return on->get<bool>();
}

}  // namespace

void switch_over(frontend::Exchange& exchange, std::string_view event, std::string_view body, const Switch& which) {
  const auto is_on = parse_switch(body);
  if (!is_on) return answer_error(exchange, 400, is_on.error().message);
  const bool was_on = which.is_on();
  audit(exchange, event, body);
  which.set(*is_on);
  answer_json(exchange, 200, nlohmann::json{{"on", which.is_on()}, {"was_on", was_on}}.dump());
}

}  // namespace edge::admin
