#include "demo/badge.h"

#include "support/catch.h"

namespace edge::demo {
namespace {

Image grey(std::uint32_t side) {
  Image image(side, side);
  for (std::uint8_t& level : image.rgb) level = 128;
  return image;
}

Image with_version(std::uint32_t side, std::uint64_t version) {
  Image image = grey(side);
  draw_version_badge(image, version);
  return image;
}

int white_pixels(const Image& image) {
  int count = 0;
  for (std::size_t i = 0; i < image.rgb.size(); i += 3) count += image.rgb[i] > 200;
  return count;
}

TEST_CASE("every version is written differently", "[demo]") {
  for (std::uint64_t version = 0; version < 30; ++version)
    CHECK(with_version(64, version).rgb != with_version(64, version + 1).rgb);
}

TEST_CASE("the badge grows with the picture", "[demo]") {
  CHECK(white_pixels(with_version(64, 8)) == 16 + 10);  // The dots of "8" and "v", one pixel each.
  CHECK(white_pixels(with_version(640, 8)) > 50 * (16 + 10));
}

TEST_CASE("of a version that is too long for the picture its last digits are written", "[demo]") {
  CHECK(with_version(46, 123'456'789).rgb == with_version(46, 999'456'789).rgb);
  CHECK(with_version(46, 123'456'789).rgb != with_version(46, 123'456'780).rgb);
}

TEST_CASE("a picture too small for a badge is left as it is", "[demo]") {
  for (std::uint32_t side = 1; side < 14; ++side) CHECK(with_version(side, 1).rgb == grey(side).rgb);
}

}  // namespace
}  // namespace edge::demo
