// Which of the sample origin's resources a request target names.
#pragma once

#include <cstdint>
#include <string_view>

namespace edge::demo {

enum class Resource : std::uint8_t { None, Wall, Icon, Avatar, AvatarInSize };

struct Route {
  Resource resource = Resource::None;
  std::string_view avatar{};  // 1 to 64 letters, digits, - and _.
  std::uint32_t size = 0;     // One of kPictureSizes.
};

// "/", "/favicon.ico", "/avatars/ID", "/avatars/ID/SIZE"; a query is ignored. The absolute form of a target (RFC 9112
// section 3.2.2) is taken for its path.
Route route_of(std::string_view target) noexcept;

}  // namespace edge::demo
