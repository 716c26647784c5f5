#include "serving/token.h"

#include "base/text.h"

namespace edge::serving {

bool is_bearer(std::string_view authorization, std::string_view token) noexcept {
  constexpr std::string_view kScheme = "Bearer ";
  if (!equals_ignoring_case(authorization.substr(0, kScheme.size()), kScheme)) return false;
  const std::string_view given = trim(authorization.substr(kScheme.size()));
  if (given.size() != token.size() || token.empty()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < token.size(); ++i)
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(token[i]);
  return difference == 0;
}

}  // namespace edge::serving
