#include "demo/colour.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace edge::demo {
namespace {

// The transfer function of sRGB (IEC 61966-2-1).
float encode(float linear) {
  const float light = std::clamp(linear, 0.0f, 1.0f);
  return 255 * (light <= 0.0031308f ? 12.92f * light : 1.055f * std::pow(light, 1 / 2.4f) - 0.055f);
}

}  // namespace

Colour colour_of_oklch(float lightness, float chroma, float hue) {
  const float angle = hue * std::numbers::pi_v<float> / 180;
  const float a = chroma * std::cos(angle);
  const float b = chroma * std::sin(angle);
  // Oklab to cone responses, and those to linear sRGB; the constants define Oklab.
  const float l_root = lightness + 0.3963377774f * a + 0.2158037573f * b;
  const float m_root = lightness - 0.1055613458f * a - 0.0638541728f * b;
  const float s_root = lightness - 0.0894841775f * a - 1.2914855480f * b;
  const float l = l_root * l_root * l_root;
  const float m = m_root * m_root * m_root;
  const float s = s_root * s_root * s_root;
  return {encode(4.0767416621f * l - 3.3077115913f * m + 0.2309699292f * s),
          encode(-1.2684380046f * l + 2.6097574011f * m - 0.3413193965f * s),
          encode(-0.0041960863f * l - 0.7034186147f * m + 1.7076147010f * s)};
}

}  // namespace edge::demo
