// Answers of the admin port. Errors are JSON objects with an "error".
#pragma once

#include <string_view>

#include "frontend/exchange.h"

namespace edge::admin {

void answer(frontend::Exchange& exchange, std::uint16_t status, std::string_view content_type, std::string_view body);
void answer_text(frontend::Exchange& exchange, std::uint16_t status, std::string_view body);
// `json`: without a newline at its end.
void answer_json(frontend::Exchange& exchange, std::uint16_t status, std::string_view json);
void answer_error(frontend::Exchange& exchange, std::uint16_t status, std::string_view what);
void answer_unauthorized(frontend::Exchange& exchange);
void answer_wrong_method(frontend::Exchange& exchange, std::string_view path, std::string_view allowed);

}  // namespace edge::admin
