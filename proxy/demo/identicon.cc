#include "demo/identicon.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "base/check.h"
#include "demo/badge.h"
#include "demo/colour.h"

namespace edge::demo {
namespace {

// The pattern is a square of kRows by kRows cells around the middle; mirrored, so half of them are drawn by lot.
constexpr std::size_t kRows = 5;
constexpr std::size_t kHalfColumns = 3;  // The middle one, and two to each side.
constexpr float kPatternHalf = 0.60f;    // Half its width; the picture goes from -1 to 1.
constexpr float kPatternTop = -0.69f;    // A little above the middle, for the badge's sake.
constexpr float kCellHalf = kPatternHalf / static_cast<float>(kRows);

enum class Shape : std::uint8_t { Empty, Tile, Disc, Diamond, Ring, LeafUp, LeafDown };

struct Cell {
  Shape shape = Shape::Empty;
  bool is_accent = false;
  float phase = 0;
};

// What the lot has decided for one avatar and version.
struct Design {
  std::array<std::array<Cell, kRows>, kHalfColumns> cells;
  std::array<Colour, 256> background;
  Colour light;
  Colour accent;
};

// SplitMix64: each call gives the next 64 bits of a fixed sequence. keyed_hash will not do, it differs at each start.
class Lot {
 public:
  explicit Lot(std::uint64_t seed) : state_(seed) {}
  std::uint64_t draw() {
    state_ += 0x9e3779b97f4a7c15ull;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  float draw_unit() { return static_cast<float>(draw() >> 40) / static_cast<float>(1 << 24); }

 private:
  std::uint64_t state_;
};

// FNV-1a.
std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return hash;
}

Shape draw_shape(Lot& lot) {
  static constexpr std::array kUrn{Shape::Empty, Shape::Empty,  Shape::Empty,  Shape::Empty,    Shape::Tile,
                                   Shape::Tile,  Shape::Tile,   Shape::Disc,   Shape::Disc,     Shape::Diamond,
                                   Shape::Ring,  Shape::LeafUp, Shape::LeafUp, Shape::LeafDown, Shape::LeafDown};
  return kUrn[lot.draw() % kUrn.size()];
}

Design draw_design(std::string_view avatar, std::uint64_t version) {
  const std::uint64_t seed = stable_hash(avatar);
  Lot lot(seed ^ Lot(version).draw());
  // Steps of the golden angle keep the hues of successive versions far apart, however many there are.
  const auto turn = static_cast<float>(version % 360);
  const float hue = std::fmod(360 * Lot(seed).draw_unit() + turn * 137.508f, 360.0f);
  const float hue_span = 35 + 50 * lot.draw_unit();

  Design design;
  for (std::size_t i = 0; i < design.background.size(); ++i) {
    const float t = static_cast<float>(i) / static_cast<float>(design.background.size() - 1);
    design.background[i] = colour_of_oklch(0.80f - 0.36f * t, 0.115f + 0.035f * t, hue + hue_span * t);
  }
  design.light = colour_of_oklch(0.975f, 0.022f, hue + hue_span);
  design.accent = colour_of_oklch(0.90f, 0.10f, hue + 160);
  for (auto& column : design.cells)
    for (Cell& cell : column) cell = {draw_shape(lot), lot.draw() % 4 == 0, lot.draw_unit()};
  return design;
}

float rounded_box_distance(float u, float v, float half, float corner) {
  const float x = std::max(std::abs(u) - half + corner, 0.0f);
  const float y = std::max(std::abs(v) - half + corner, 0.0f);
  return std::sqrt(x * x + y * y) - corner;
}

// Signed distance from (u, v) to the edge of the shape, in half cells; negative inside.
float distance_to(Shape shape, float u, float v) {
  switch (shape) {
    case Shape::Empty:
      return 1;
    case Shape::Tile:
      return rounded_box_distance(u, v, 0.90f, 0.30f);
    case Shape::Disc:
      return std::hypot(u, v) - 0.88f;
    case Shape::Diamond:
      return (std::abs(u) + std::abs(v) - 0.98f) * std::numbers::sqrt2_v<float> / 2;
    case Shape::Ring:
      return std::abs(std::hypot(u, v) - 0.66f) - 0.22f;
    case Shape::LeafUp:
      return std::max(std::hypot(u - 0.9f, v - 0.9f) - 1.8f, rounded_box_distance(u, v, 0.90f, 0.12f));
    case Shape::LeafDown:
      return std::max(std::hypot(u + 0.9f, v + 0.9f) - 1.8f, rounded_box_distance(u, v, 0.90f, 0.12f));
  }
  return 1;
}

Colour background_at(const Design& design, float x, float y, float phase) {
  const float sway = 0.06f * (1 - std::cos(2 * std::numbers::pi_v<float> * phase));
  const float t = std::clamp(0.24f * (y + 1) + 0.29f * std::hypot(x, y + 0.7f) - 0.04f + sway, 0.0f, 0.999f);
  const float place = t * static_cast<float>(design.background.size() - 1);
  const auto index = static_cast<std::size_t>(place);
  return mix(design.background[index], design.background[index + 1], place - static_cast<float>(index));
}

// `x` is the distance from the middle line, so both sides are alike. `pixels_per_unit`: half the picture's size.
Colour colour_at(const Design& design, float x, float y, float phase, float pixels_per_unit) {
  const Colour background = background_at(design, x, y, phase);
  const float column = std::floor((x + kCellHalf) / (2 * kCellHalf));
  const float row = std::floor((y - kPatternTop) / (2 * kCellHalf));
  if (column >= static_cast<float>(kHalfColumns) || row < 0 || row >= static_cast<float>(kRows)) return background;

  const Cell& cell = design.cells[static_cast<std::size_t>(column)][static_cast<std::size_t>(row)];
  const float u = x / kCellHalf - 2 * column;
  const float v = (y - kPatternTop) / kCellHalf - 2 * row - 1;
  const float pulse = 0.5f - 0.5f * std::cos(2 * std::numbers::pi_v<float> * phase);
  const float scale = 1 - pulse * (0.15f + 0.45f * cell.phase);
  const float distance = distance_to(cell.shape, u / scale, v / scale) * scale;
  const float alpha = std::clamp(0.5f - distance * kCellHalf * pixels_per_unit, 0.0f, 1.0f);
  const Colour& tint = cell.is_accent ? design.accent : design.light;
  const float shade = 0.10f * (y - kPatternTop);  // The pattern dims a little towards its foot.
  return mix(background, mix(tint, background, shade), alpha * 0.96f);
}

// From -1 to 1, the same for the same place.
float grain_at(std::uint32_t x, std::uint32_t y) { return 2 * Lot((std::uint64_t{x} << 32) | y).draw_unit() - 1; }

std::uint8_t to_byte(float level) { return static_cast<std::uint8_t>(std::clamp(level + 0.5f, 0.0f, 255.0f)); }

}  // namespace

Image draw_identicon(const IdenticonSpec& spec) {
  EDGE_CHECK(spec.size > 0);
  const Design design = draw_design(spec.avatar, spec.version);
  const float half = static_cast<float>(spec.size) / 2;
  Image image(spec.size, spec.size);
  for (std::uint32_t y = 0; y < spec.size; ++y) {
    const float place_y = (static_cast<float>(y) + 0.5f - half) / half;
    for (std::uint32_t x = 0; x < (spec.size + 1) / 2; ++x) {
      const float place_x = (half - static_cast<float>(x) - 0.5f) / half;
      const Colour colour = colour_at(design, place_x, place_y, spec.phase, half);
      const float grain = spec.grain ? grain_at(x, y) : 0;
      std::uint8_t* const left = image.pixel(x, y);
      left[0] = to_byte(colour.red + grain);
      left[1] = to_byte(colour.green + grain);
      left[2] = to_byte(colour.blue + grain);
      std::copy_n(left, 3, image.pixel(spec.size - 1 - x, y));
    }
  }
  draw_version_badge(image, spec.version);
  return image;
}

}  // namespace edge::demo
