#include "demo/avatar_route.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "demo/picture.h"

namespace edge::demo {
namespace {

constexpr std::size_t kAvatarLengthMax = 64;

std::string_view path_of(std::string_view target) {
  target = target.substr(0, target.find_first_of("?#"));
  constexpr std::string_view kScheme = "http://";
  if (!target.starts_with(kScheme)) return target;
  const std::size_t slash = target.find('/', kScheme.size());
  return slash == std::string_view::npos ? "/" : target.substr(slash);
}

bool is_avatar(std::string_view text) {
  if (text.empty() || text.size() > kAvatarLengthMax) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' || c == '_';
  });
}

std::optional<std::uint32_t> try_size(std::string_view text) {
  const auto number = try_unsigned(text);
  if (!number || text.starts_with('0')) return std::nullopt;
  const auto found = std::find(kPictureSizes.begin(), kPictureSizes.end(), *number);
  return found == kPictureSizes.end() ? std::nullopt : std::optional(*found);
}

}  // namespace

Route route_of(std::string_view target) noexcept {
  std::string_view path = path_of(target);
  if (path == "/") return {.resource = Resource::Wall};
  if (path == "/favicon.ico") return {.resource = Resource::Icon};
  constexpr std::string_view kAvatars = "/avatars/";
  if (!path.starts_with(kAvatars)) return {};
  path.remove_prefix(kAvatars.size());

  const std::size_t slash = path.find('/');
  const std::string_view avatar = path.substr(0, slash);
  if (!is_avatar(avatar)) return {};
  if (slash == std::string_view::npos)
    return {.resource = Resource::Avatar, .avatar = avatar, .size = kPictureSizeDefault};
  const auto size = try_size(path.substr(slash + 1));
  if (!size) return {};
  return {.resource = Resource::AvatarInSize, .avatar = avatar, .size = *size};
}

}  // namespace edge::demo
