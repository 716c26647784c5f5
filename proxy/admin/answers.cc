#include "admin/answers.h"

#include <nlohmann/json.hpp>
#include <string>

namespace edge::admin {
namespace {

constexpr std::string_view kJson = "application/json";

// Text of outside may be no UTF-8; JSON must be.
std::string error_json(std::string_view what) {
  return nlohmann::json{{"error", what}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void respond(frontend::Exchange& exchange, std::uint16_t status, std::string_view content_type,
             std::string_view more_fields, std::string_view body) {
  std::string fields = "content-type: ";
  fields.append(content_type).append("\r\ncache-control: no-store\r\n").append(more_fields);
  exchange.set_outcome(status < 400 ? metrics::Outcome::Local : metrics::Outcome::Error);
  exchange.respond({.status = status, .fields = fields, .body = body});
}

}  // namespace

void answer(frontend::Exchange& exchange, std::uint16_t status, std::string_view content_type, std::string_view body) {
  respond(exchange, status, content_type, {}, body);
}

void answer_text(frontend::Exchange& exchange, std::uint16_t status, std::string_view body) {
  respond(exchange, status, "text/plain; charset=utf-8", {}, body);
}

void answer_json(frontend::Exchange& exchange, std::uint16_t status, std::string_view json) {
  respond(exchange, status, kJson, {}, std::string(json).append("\n"));
}

void answer_error(frontend::Exchange& exchange, std::uint16_t status, std::string_view what) {
  respond(exchange, status, kJson, {}, error_json(what));
}

void answer_unauthorized(frontend::Exchange& exchange) {
  respond(exchange, 401, kJson, "www-authenticate: Bearer\r\n",
          error_json("the token is missing or wrong; send Authorization: Bearer TOKEN"));
}

void answer_wrong_method(frontend::Exchange& exchange, std::string_view path, std::string_view allowed) {
  const std::string names = allowed == "GET" ? "GET, HEAD" : std::string(allowed);
  respond(exchange, 405, kJson, "allow: " + names + "\r\n", error_json(std::string(path) + " is for " + names));
}

}  // namespace edge::admin
