// Draws the picture of an avatar nobody has uploaded: a pattern that mirrors itself on a soft gradient, and the version
// on a badge. The same avatar and version always give the same picture; the next version has another hue and pattern.
#pragma once

#include <cstdint>
#include <string_view>

#include "demo/image.h"

namespace edge::demo {

struct IdenticonSpec {
  std::string_view avatar;
  std::uint64_t version = 1;
  std::uint32_t size = 0;  // Pixels, width and height.
  float phase = 0;         // Of the animation, from 0 to 1; 0 is the picture at rest.
  bool grain = true;       // Noise below what the eye sees; keeps gradients smooth, and costs a GIF dearly.
};

// All but the badge is mirrored left to right.
Image draw_identicon(const IdenticonSpec& spec);

}  // namespace edge::demo
