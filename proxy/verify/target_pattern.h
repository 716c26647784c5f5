// Which URL of an avatar is asked for. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace edge::verify {

// "/avatars/{avatar}/96": fixed but for the avatar. Immutable.
class TargetPattern {
 public:
  // `pattern` begins with a slash and has {avatar} once; {variant} stands for `variant`. Anything else in braces, or a
  // rest (*), cannot be filled.
  static Result<TargetPattern> parse(std::string_view pattern, const std::optional<std::string>& variant);
  // Of the configured routes, the first that can be filled.
  static Result<TargetPattern> of_routes(const std::vector<std::string>& routes,
                                         const std::optional<std::string>& variant);

  // Path and query for the avatar, percent-encoded; an avatar whose name is a path (no route matched it) is asked for
  // by that. Null for one that no URL can name: "..", or with a slash elsewhere than at its front.
  std::optional<std::string> try_fill(std::string_view avatar) const;

 private:
  TargetPattern(std::string before, std::string after) : before_(std::move(before)), after_(std::move(after)) {}

  std::string before_;
  std::string after_;
};

}  // namespace edge::verify
