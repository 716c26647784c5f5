#include "verify/target_pattern.h"

#include "http/characters.h"
#include "http/percent.h"
#include "http/target.h"

namespace edge::verify {
namespace {

constexpr std::string_view kAvatar = "{avatar}", kVariant = "{variant}";

Failure unfit(std::string_view pattern, std::string what) {
  return fail(ErrorCode::Malformed, "'" + std::string(pattern) + "': " + what);
}

std::string encoded(std::string_view text, bool keeps_slashes) {
  std::string to;
  for (const char c : text) {
    if (http::is_in(http::kUnreservedCharacters, c) || (keeps_slashes && c == '/'))
      to += c;
    else
      http::append_escape(to, c);
  }
  return to;
}

void replace(std::string& text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

}  // namespace

Result<TargetPattern> TargetPattern::parse(std::string_view pattern, const std::optional<std::string>& variant) {
  std::string filled(pattern);
  if (variant) replace(filled, kVariant, encoded(*variant, false));
  const std::size_t at = filled.find(kAvatar);
  if (at == std::string::npos) return unfit(pattern, "has no {avatar}");
  std::string before = filled.substr(0, at), after = filled.substr(at + kAvatar.size());
  if (!before.starts_with('/')) return unfit(pattern, "must begin with '/'");
  if (after.find(kVariant) != std::string::npos || before.find(kVariant) != std::string::npos)
    return unfit(pattern, "{variant} needs --variant, such as --variant 96");
  if ((before + after).find_first_of("{}*") != std::string::npos)
    return unfit(pattern, "only {avatar} and {variant} can be filled");
  std::string scratch;
  if (const auto good = http::parse_target(before + "x" + after, scratch); !good)
    return unfit(pattern, good.error().message);
  return TargetPattern(std::move(before), std::move(after));
}

Result<TargetPattern> TargetPattern::of_routes(const std::vector<std::string>& routes,
                                               const std::optional<std::string>& variant) {
  std::optional<Failure> first;
  for (const std::string& route : routes) {
    if (variant && route.find(kVariant) == std::string::npos) continue;  // It was said for a reason.
    auto parsed = parse(route, variant);
    if (parsed) return parsed;
    if (!first) first = Failure{parsed.error()};
  }
  if (first) return std::move(*first);
  return fail(ErrorCode::Malformed, "no route has a {variant}");
}

std::optional<std::string> TargetPattern::try_fill(std::string_view avatar) const {
  const bool is_path = avatar.starts_with('/');
  if (!is_path && avatar.find('/') != std::string_view::npos) return std::nullopt;
  const std::string target = is_path ? encoded(avatar, true) : before_ + encoded(avatar, false) + after_;
  std::string scratch;
  const auto parsed = http::parse_target(target, scratch);
  // What an edge would read as another path, or refuses, is not this avatar's.
  if (!parsed || parsed->path_and_query.size() != target.size()) return std::nullopt;
  return target;
}

}  // namespace edge::verify
