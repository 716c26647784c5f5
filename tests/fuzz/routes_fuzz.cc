// Fuzzes serving: routes; a pattern in the first line, a target in the rest. All spellings of a path name the same
// avatar, and names of routed avatars hold no slash.
#include "serving/routes.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "http/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace edge;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const std::size_t line = std::min(input.find('\n'), input.size());
  const auto routes = serving::parse_routes({std::string{input.substr(0, line)}, "/avatars/{avatar}/*"});
  if (!routes) return 0;
  std::string path_scratch;
  const auto target = http::parse_target(input.substr(std::min(line + 1, input.size())), path_scratch);
  if (!target || target->is_asterisk) return 0;
  std::string scratch;
  const auto match = routes->avatar_of(target->path, scratch);
  EDGE_CHECK(!match.avatar.empty());
  EDGE_CHECK((match.avatar.find('/') == std::string_view::npos) == (match.route != nullptr));
  std::string other_scratch;
  EDGE_CHECK(
      routes->avatar_of(std::string{target->path} + (target->path.back() == '/' ? "" : "/"), other_scratch).route ==
      match.route);
  return 0;
}
