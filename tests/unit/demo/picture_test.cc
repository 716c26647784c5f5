#include "demo/picture.h"

#include "support/catch.h"

namespace edge::demo {
namespace {

TEST_CASE("every avatar has a picture in every size", "[demo]") {
  for (const std::uint32_t size : kPictureSizes) {
    const auto picture = draw_picture("someone", 1, size);
    REQUIRE(picture);
    const auto info = probe_image(picture->bytes.view());
    REQUIRE(info);
    CHECK(info->type == ImageType::Png);
    CHECK(info->width == size);
    CHECK(info->height == size);
  }
}

TEST_CASE("pictures weigh what pictures of their size weigh", "[demo]") {
  CHECK(draw_picture("someone", 1, 132)->bytes.size() > 8'000);
  CHECK(draw_picture("someone", 1, 1080)->bytes.size() > 300'000);
  CHECK(draw_picture("someone", 1, 1080)->bytes.size() < 2'000'000);
}

TEST_CASE("numbers divisible by 7 are animated up to 132 pixels", "[demo]") {
  CHECK(draw_picture("14", 1, 132)->type == ImageType::Gif);
  CHECK(draw_picture("14", 1, 640)->type == ImageType::Png);
  CHECK(draw_picture("15", 1, 132)->type == ImageType::Png);
  CHECK(draw_picture("7up", 1, 132)->type == ImageType::Png);
}

TEST_CASE("the same avatar, version and size give the same bytes", "[demo]") {
  CHECK(draw_picture("7", 2, 64)->bytes.view() == draw_picture("7", 2, 64)->bytes.view());
  CHECK(draw_picture("8", 2, 64)->bytes.view() == draw_picture("8", 2, 64)->bytes.view());
  CHECK(draw_picture("8", 2, 64)->bytes.view() != draw_picture("8", 3, 64)->bytes.view());
}

}  // namespace
}  // namespace edge::demo
