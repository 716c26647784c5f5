#include "demo/identicon.h"

#include <algorithm>
#include <cmath>

#include "support/catch.h"

namespace edge::demo {
namespace {

Image draw(std::string_view avatar, std::uint64_t version, std::uint32_t size = 96, float phase = 0) {
  return draw_identicon({.avatar = avatar, .version = version, .size = size, .phase = phase});
}

// The mean over all pixels of how much the strongest channel differs.
double difference(const Image& a, const Image& b) {
  REQUIRE(a.rgb.size() == b.rgb.size());
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); i += 3) {
    int strongest = 0;
    for (std::size_t channel = i; channel < i + 3; ++channel)
      strongest = std::max(strongest, std::abs(a.rgb[channel] - b.rgb[channel]));
    sum += strongest;
  }
  return sum * 3 / static_cast<double>(a.rgb.size());
}

TEST_CASE("the same avatar and version always have the same picture", "[demo]") {
  CHECK(draw("42", 7).rgb == draw("42", 7).rgb);
}

TEST_CASE("a picture is of the size asked for", "[demo]") {
  for (const std::uint32_t size : {1u, 2u, 7u, 46u, 640u}) {
    const Image image = draw("42", 1, size);
    CHECK(image.width == size);
    CHECK(image.height == size);
    CHECK(image.rgb.size() == std::size_t{3} * size * size);
  }
}

TEST_CASE("above its badge a picture mirrors itself", "[demo]") {
  const Image image = draw("mirror", 3, 132);
  for (std::uint32_t y = 0; y < 90; ++y)
    for (std::uint32_t x = 0; x < image.width; ++x)
      REQUIRE(std::equal(image.pixel(x, y), image.pixel(x, y) + 3, image.pixel(image.width - 1 - x, y)));
}

TEST_CASE("each new version is plainly another picture", "[demo]") {
  for (std::uint64_t version = 1; version < 40; ++version) {
    CAPTURE(version);
    CHECK(difference(draw("42", version), draw("42", version + 1)) > 25);
  }
}

TEST_CASE("two avatars have two pictures", "[demo]") { CHECK(difference(draw("1", 1), draw("2", 1)) > 5); }

TEST_CASE("the animation moves, and returns to where it began", "[demo]") {
  CHECK(difference(draw("7", 1, 96, 0), draw("7", 1, 96, 0.5f)) > 2);
  CHECK(difference(draw("7", 1, 96, 0), draw("7", 1, 96, 1)) < 0.5);
}

}  // namespace
}  // namespace edge::demo
