// By what the origin can tell which request of a client it was asked for.
#pragma once

#include <string>
#include <string_view>

#include "frontend/exchange.h"

namespace edge::serving {

// X-Request-ID; and traceparent and tracestate as they came, where they are well-formed.
std::string identity_lines(frontend::Exchange& exchange);

// Puts these in the place of whatever `lines`, in the form of http::append_line, has under these names: who asks us may
// have written that.
void use_identity(std::string& lines, std::string_view identity);

}  // namespace edge::serving
