#include "demo/png_picture.h"

#include "demo/image_probe.h"
#include "support/catch.h"

namespace edge::demo {
namespace {

TEST_CASE("an image becomes a PNG of its size", "[demo]") {
  const auto file = encode_png(Image(31, 17));
  REQUIRE(file);
  const auto info = probe_image(file->view());
  REQUIRE(info);
  CHECK(info->type == ImageType::Png);
  CHECK(info->width == 31);
  CHECK(info->height == 17);
}

TEST_CASE("an image that no PNG can hold is an error, with libpng's words", "[demo]") {
  const auto file = encode_png(Image());
  REQUIRE(!file);
  CHECK(file.error().message.find("libpng: ") == 0);
  CHECK(file.error().message.size() > 10);
}

}  // namespace
}  // namespace edge::demo
