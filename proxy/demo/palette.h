// The 256 colours that suit a set of pictures best, by median cut: the colours in use are divided until there are
// enough groups, always the group that is widest, at its middle.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "demo/image.h"

namespace edge::demo {

class Palette {
 public:
  using Entry = std::array<std::uint8_t, 3>;

  explicit Palette(std::span<const Image> images);

  // 1 to 256 of them.
  const std::vector<Entry>& entries() const { return entries_; }
  // The entry for each pixel, row by row. The image must be one of those that the palette was made for.
  std::vector<std::uint8_t> indices_of(const Image& image) const;

 private:
  std::vector<Entry> entries_;
  std::vector<std::uint8_t> entry_of_colour_;  // By the upper five bits of red, green and blue.
};

}  // namespace edge::demo
