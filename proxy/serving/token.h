// Tokens of operators.
#pragma once

#include <string_view>

namespace edge::serving {

// Whether an Authorization field bears the token: "Bearer TOKEN" (RFC 6750 section 2.1). Takes as long for a wrong
// token as for the right one.
bool is_bearer(std::string_view authorization, std::string_view token) noexcept;

}  // namespace edge::serving
