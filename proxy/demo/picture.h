// The picture of an avatar as a file, for those that nobody has uploaded.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "demo/image_probe.h"

namespace edge::demo {

// The sizes in which an avatar is had, in pixels.
inline constexpr std::array<std::uint32_t, 6> kPictureSizes{46, 64, 96, 132, 640, 1080};
// The one that is given where none is asked for.
inline constexpr std::uint32_t kPictureSizeDefault = 132;

struct Picture {
  ImageType type = ImageType::Png;
  Bytes bytes;
};

// An animated GIF for avatars whose ID is a number divisible by 7, in sizes up to 132; a PNG for all others. The same
// three arguments always give the same bytes.
Result<Picture> draw_picture(std::string_view avatar, std::uint64_t version, std::uint32_t size);

}  // namespace edge::demo
