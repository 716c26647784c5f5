// Which avatar a path belongs to: what an update event names, and with it drops in all its variants.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace edge::serving {

// One pattern, "/avatars/{avatar}/{variant}": literal segments, {avatar} exactly once, {anything_else} for one segment,
// and at the end perhaps * for any rest, none included. Immutable.
struct Route {
  enum class Kind : std::uint8_t { Literal, Avatar, Any, Rest };
  struct Segment {
    Kind kind;
    std::string literal;  // Normalised like the path of a request.
  };

  std::string pattern;  // As it was configured.
  std::vector<Segment> segments;
};

// The error names the pattern, the column (from 1), and what is wrong there.
Result<Route> parse_route(std::string_view pattern);

struct RouteMatch {
  std::string_view avatar;       // A view into the path, or into scratch where something was escaped.
  const Route* route = nullptr;  // Null: no route matched, the path names an avatar of its own.
};

// The routes in their order. Immutable, so that workers may share it.
class Routes {
 public:
  Routes() = default;
  explicit Routes(std::vector<Route> routes) : routes_(std::move(routes)) {}

  // `path` must be normalised (http/target.h). The first route that matches names the avatar, percent-decoded: an event
  // for "a b" reaches /avatars/a%20b. A path that no route matches is an avatar of its own, named by the decoded path.
  // The two kinds cannot meet: only the second has a '/' in its name. A slash at the path's end makes no difference,
  // as it makes none to many origins.
  //
  // A name longer than 256 bytes remains a name: no event can carry it, but an unsafe request or a purge by URL still
  // drops all its variants. Allocates only where escapes outgrow `scratch`, which is overwritten and must not hold
  // `path`.
  RouteMatch avatar_of(std::string_view path, std::string& scratch) const;

  const std::vector<Route>& routes() const noexcept { return routes_; }

 private:
  std::vector<Route> routes_;
};

// All patterns; the error is of the first that is wrong, and says which it is (from 1).
Result<Routes> parse_routes(const std::vector<std::string>& patterns);

}  // namespace edge::serving
