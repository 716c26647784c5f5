// A picture as pixels: 8 bits of red, green and blue each, rows from top to bottom, without padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace edge::demo {

struct Image {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  std::vector<std::uint8_t> rgb;  // width * height * 3 bytes.

  Image() = default;
  Image(std::uint32_t image_width, std::uint32_t image_height)
      : width(image_width), height(image_height), rgb(std::size_t{3} * image_width * image_height) {}

  std::uint8_t* pixel(std::uint32_t x, std::uint32_t y) { return &rgb[3 * (std::size_t{y} * width + x)]; }
  const std::uint8_t* pixel(std::uint32_t x, std::uint32_t y) const { return &rgb[3 * (std::size_t{y} * width + x)]; }
};

}  // namespace edge::demo
