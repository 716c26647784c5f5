// Colours chosen by how they look: OKLCH has lightness, strength and hue as the eye sees them, so any two hues of one
// lightness are equally bright.
#pragma once

namespace edge::demo {

// sRGB, each from 0 to 255.
struct Colour {
  float red = 0;
  float green = 0;
  float blue = 0;
};

inline Colour mix(const Colour& a, const Colour& b, float share_of_b) {
  return {a.red + (b.red - a.red) * share_of_b, a.green + (b.green - a.green) * share_of_b,
          a.blue + (b.blue - a.blue) * share_of_b};
}

// Lightness 0 to 1, chroma 0 to about 0.3, hue in degrees. What a screen cannot show is clipped.
Colour colour_of_oklch(float lightness, float chroma, float hue);

}  // namespace edge::demo
