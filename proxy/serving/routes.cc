#include "serving/routes.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "http/characters.h"
#include "http/percent.h"
#include "http/target.h"

namespace edge::serving {
namespace {

// Where in a pattern something is wrong.
struct PatternFault {
  std::size_t offset;
  std::string what;
};

using ParsedSegment = std::variant<Route::Segment, PatternFault>;

// A name between braces: letters, digits, '_' and '-'.
bool is_name(std::string_view name) noexcept {
  static constexpr http::CharacterSet kNameCharacters = http::make_set("_-");
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) { return http::is_in(kNameCharacters, c); });
}

ParsedSegment parse_placeholder(std::string_view text, std::size_t offset) {
  if (text.back() != '}') return PatternFault{offset, "a placeholder must fill its segment and end with '}'"};
  const std::string_view name = text.substr(1, text.size() - 2);
  if (!is_name(name)) return PatternFault{offset + 1, "a placeholder's name has letters, digits, '_' and '-'"};
  return Route::Segment{name == "avatar" ? Route::Kind::Avatar : Route::Kind::Any, {}};
}

ParsedSegment parse_literal(std::string_view text, std::size_t offset) {
  if (text.empty()) return PatternFault{offset, "an empty segment; paths never have two slashes in a row"};
  if (const std::size_t at = text.find_first_of("{}*?#"); at != std::string_view::npos)
    return PatternFault{offset + at, std::string{"'"} + text[at] + "' cannot stand inside a literal segment"};
  const std::string path = "/" + std::string{text};
  std::string scratch;
  const auto target = http::parse_target(path, scratch);  // Views into either.
  if (!target) return PatternFault{offset, target.error().message};
  if (target->path.size() < 2) return PatternFault{offset, "a dot segment; paths never have one"};
  return Route::Segment{Route::Kind::Literal, std::string{target->path.substr(1)}};
}

ParsedSegment parse_segment(std::string_view text, std::size_t offset, bool is_last) {
  if (text == "*") {
    if (!is_last) return PatternFault{offset, "'*' can only be the last segment"};
    return Route::Segment{Route::Kind::Rest, {}};
  }
  return !text.empty() && text.front() == '{' ? parse_placeholder(text, offset) : parse_literal(text, offset);
}

std::optional<PatternFault> parse_segments(Route& route) {
  std::string_view rest = route.pattern;
  bool has_avatar = false;
  while (!rest.empty()) {
    if (rest.front() != '/') return PatternFault{0, "a route begins with '/'"};
    rest.remove_prefix(1);
    const std::size_t offset = route.pattern.size() - rest.size();
    if (rest.empty() && !route.segments.empty()) break;  // A slash at the end: makes no difference to matching.
    const std::size_t end = std::min(rest.find('/'), rest.size());
    ParsedSegment segment = parse_segment(rest.substr(0, end), offset, end == rest.size());
    if (auto* const fault = std::get_if<PatternFault>(&segment)) return std::move(*fault);
    route.segments.push_back(std::get<Route::Segment>(std::move(segment)));
    rest.remove_prefix(end);
    if (route.segments.back().kind != Route::Kind::Avatar) continue;
    if (has_avatar) return PatternFault{offset, "a second {avatar}"};
    has_avatar = true;
  }
  if (!has_avatar) return PatternFault{route.pattern.size(), "no {avatar} in the route"};
  return std::nullopt;
}

// The segment that {avatar} stands for, still escaped; nullopt when the route does not match.
std::optional<std::string_view> try_match(const Route& route, std::string_view path) noexcept {
  std::string_view avatar;
  for (const Route::Segment& segment : route.segments) {
    if (segment.kind == Route::Kind::Rest) return avatar;
    if (path.empty()) return std::nullopt;
    path.remove_prefix(1);  // The slash.
    const std::string_view text = path.substr(0, path.find('/'));
    path.remove_prefix(text.size());
    if (text.empty()) return std::nullopt;
    if (segment.kind == Route::Kind::Literal && text != segment.literal) return std::nullopt;
    if (segment.kind == Route::Kind::Avatar) avatar = text;
  }
  if (!path.empty()) return std::nullopt;
  return avatar;
}

}  // namespace

Result<Route> parse_route(std::string_view pattern) {
  Route route{std::string{pattern}, {}};
  if (const auto fault = parse_segments(route))
    return fail(ErrorCode::Malformed,
                "route \"" + route.pattern + "\", column " + std::to_string(fault->offset + 1) + ": " + fault->what);
  return route;
}

Result<Routes> parse_routes(const std::vector<std::string>& patterns) {
  std::vector<Route> routes;
  for (const std::string& pattern : patterns) {
    auto route = parse_route(pattern);
    if (!route)
      return fail(route.error().code, "number " + std::to_string(routes.size() + 1) + ": " + route.error().message);
    routes.push_back(*std::move(route));
  }
  return Routes{std::move(routes)};
}

RouteMatch Routes::avatar_of(std::string_view path, std::string& scratch) const {
  if (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  for (const Route& route : routes_)
    if (const auto avatar = try_match(route, path)) return {http::percent_decoded(*avatar, scratch), &route};
  return {http::percent_decoded(path, scratch), nullptr};
}

}  // namespace edge::serving
