#include "demo/badge.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include "base/text.h"

namespace edge::demo {
namespace {

constexpr std::uint32_t kGlyphWidth = 5;
constexpr std::uint32_t kGlyphHeight = 7;
constexpr std::uint32_t kAdvance = kGlyphWidth + 1;

// Rows from the top, five bits each, the highest bit on the left: 0 to 9, then v.
using Glyph = std::array<std::uint8_t, kGlyphHeight>;
constexpr std::array<Glyph, 11> kGlyphs{{
    {0b01110, 0b10001, 0b10011, 0b10101, 0b11001, 0b10001, 0b01110},
    {0b00100, 0b01100, 0b00100, 0b00100, 0b00100, 0b00100, 0b01110},
    {0b01110, 0b10001, 0b00001, 0b00110, 0b01000, 0b10000, 0b11111},
    {0b01110, 0b10001, 0b00001, 0b00110, 0b00001, 0b10001, 0b01110},
    {0b00010, 0b00110, 0b01010, 0b10010, 0b11111, 0b00010, 0b00010},
    {0b11111, 0b10000, 0b11110, 0b00001, 0b00001, 0b10001, 0b01110},
    {0b00110, 0b01000, 0b10000, 0b11110, 0b10001, 0b10001, 0b01110},
    {0b11111, 0b00001, 0b00010, 0b00100, 0b01000, 0b01000, 0b01000},
    {0b01110, 0b10001, 0b10001, 0b01110, 0b10001, 0b10001, 0b01110},
    {0b01110, 0b10001, 0b10001, 0b01111, 0b00001, 0b00010, 0b01100},
    {0b00000, 0b00000, 0b10001, 0b10001, 0b10001, 0b01010, 0b00100},
}};

const Glyph& glyph_of(char c) {
  const std::size_t index = c == 'v' ? 10 : static_cast<std::size_t>(c - '0');
  return kGlyphs[index];
}

std::string fitting_text(std::uint64_t version, std::size_t characters_max) {
  std::string text = "v";
  append_unsigned(text, version);
  if (text.size() > characters_max) text.erase(0, text.size() - characters_max);
  return text;
}

void blend(std::uint8_t* pixel, float level, float alpha) {
  for (int channel = 0; channel < 3; ++channel) {
    const float was = pixel[channel];
    pixel[channel] = static_cast<std::uint8_t>(std::lround(was + (level - was) * alpha));
  }
}

// A rectangle in pixels whose short sides are half circles.
struct Pill {
  float centre_x;
  float centre_y;
  float half_width;
  float half_height;
};

void draw_pill(Image& image, const Pill& pill) {
  constexpr float kDarkness = 0.72f;
  const auto top = static_cast<std::uint32_t>(std::max(0.0f, pill.centre_y - pill.half_height - 1));
  const auto bottom = std::min(image.height, static_cast<std::uint32_t>(pill.centre_y + pill.half_height + 2));
  for (std::uint32_t y = top; y < bottom; ++y) {
    for (std::uint32_t x = 0; x < image.width; ++x) {
      const float along =
          std::max(0.0f, std::abs(static_cast<float>(x) + 0.5f - pill.centre_x) - (pill.half_width - pill.half_height));
      const float across = static_cast<float>(y) + 0.5f - pill.centre_y;
      const float distance = std::sqrt(along * along + across * across) - pill.half_height;
      const float alpha = std::clamp(0.5f - distance, 0.0f, 1.0f);
      if (alpha > 0) blend(image.pixel(x, y), 18, alpha * kDarkness);
    }
  }
}

void draw_glyph(Image& image, const Glyph& glyph, std::uint32_t left, std::uint32_t top, std::uint32_t scale) {
  for (std::uint32_t y = 0; y < kGlyphHeight * scale; ++y) {
    for (std::uint32_t x = 0; x < kGlyphWidth * scale; ++x) {
      const unsigned bit = kGlyphWidth - 1 - x / scale;
      const bool is_set = (glyph[y / scale] >> bit & 1u) != 0;
      if (is_set && left + x < image.width && top + y < image.height) blend(image.pixel(left + x, top + y), 255, 0.96f);
    }
  }
}

}  // namespace

void draw_version_badge(Image& image, std::uint64_t version) {
  const std::uint32_t scale = std::max(1u, (image.width + 40) / 80);
  const std::size_t characters_max = image.width * 4 / 5 / (kAdvance * scale);
  const std::string text = fitting_text(version, characters_max);
  const auto text_width = static_cast<std::uint32_t>(text.size()) * kAdvance * scale - scale;
  const std::uint32_t text_height = kGlyphHeight * scale;
  if (text.empty() || text_width > image.width || text_height * 2 > image.height) return;

  const std::uint32_t left = (image.width - text_width) / 2;
  const auto top = static_cast<std::uint32_t>(static_cast<float>(image.height) * 0.86f) - text_height / 2;
  const auto unit = static_cast<float>(scale);
  draw_pill(image, {.centre_x = static_cast<float>(left) + static_cast<float>(text_width) / 2,
                    .centre_y = static_cast<float>(top) + static_cast<float>(text_height) / 2,
                    .half_width = static_cast<float>(text_width) / 2 + 4 * unit,
                    .half_height = static_cast<float>(text_height) / 2 + 2 * unit});
  for (std::size_t i = 0; i < text.size(); ++i)
    draw_glyph(image, glyph_of(text[i]), left + static_cast<std::uint32_t>(i) * kAdvance * scale, top, scale);
}

}  // namespace edge::demo
