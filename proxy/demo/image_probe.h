// Tells from the bytes of an uploaded file whether it is a picture, of which type and how large. It walks the structure
// of the whole file, so one that was cut short is no picture; it does not decode pixels.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace edge::demo {

enum class ImageType : std::uint8_t { Png, Gif, Jpeg, WebP };

// "image/png".
std::string_view content_type_of(ImageType type) noexcept;

struct ImageInfo {
  ImageType type = ImageType::Png;
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// More pixels than this along a side is taken for an attack, not for a face.
inline constexpr std::uint32_t kImageSideMax = 16'384;

// Malformed: not a whole PNG, GIF, JPEG or WebP file, or one without any pixel. TooLarge: wider or higher than
// kImageSideMax.
Result<ImageInfo> probe_image(std::string_view file);

}  // namespace edge::demo
