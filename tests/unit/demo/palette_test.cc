#include "demo/palette.h"

#include <cstdlib>

#include "support/catch.h"

namespace edge::demo {
namespace {

TEST_CASE("few colours are kept exactly", "[demo]") {
  Image image(2, 2);
  image.rgb = {10, 20, 30, 200, 100, 50, 10, 20, 30, 255, 255, 255};
  const Palette palette({&image, 1});
  CHECK(palette.entries().size() == 3);
  const auto indices = palette.indices_of(image);
  REQUIRE(indices.size() == 4);
  CHECK(indices[0] == indices[2]);
  for (std::size_t i = 0; i < indices.size(); ++i)
    for (std::size_t channel = 0; channel < 3; ++channel)
      CHECK(palette.entries()[indices[i]][channel] == image.rgb[3 * i + channel]);
}

TEST_CASE("many colours are reduced to 256 that are near to them", "[demo]") {
  Image image(128, 128);
  for (std::uint32_t y = 0; y < image.height; ++y) {
    for (std::uint32_t x = 0; x < image.width; ++x) {
      image.pixel(x, y)[0] = static_cast<std::uint8_t>(2 * x);
      image.pixel(x, y)[1] = static_cast<std::uint8_t>(2 * y);
      image.pixel(x, y)[2] = static_cast<std::uint8_t>(x + y);
    }
  }
  const Palette palette({&image, 1});
  CHECK(palette.entries().size() == 256);
  const auto indices = palette.indices_of(image);
  double error = 0;
  for (std::size_t i = 0; i < image.rgb.size(); ++i)
    error += std::abs(image.rgb[i] - palette.entries()[indices[i / 3]][i % 3]);
  CHECK(error / static_cast<double>(image.rgb.size()) < 4);
}

TEST_CASE("a palette for nothing has one colour", "[demo]") { CHECK(Palette({}).entries().size() == 1); }

}  // namespace
}  // namespace edge::demo
