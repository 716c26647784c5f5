#include "demo/gif_picture.h"

#include <vector>

#include "demo/image_probe.h"
#include "support/catch.h"

namespace edge::demo {
namespace {

using namespace std::chrono_literals;

std::size_t count(std::string_view file, std::string_view bytes) {
  std::size_t found = 0;
  for (std::size_t at = file.find(bytes); at != std::string_view::npos; at = file.find(bytes, at + 1)) ++found;
  return found;
}

TEST_CASE("frames become a GIF that repeats itself", "[demo]") {
  const std::vector<Image> frames(3, Image(20, 10));
  const auto file = encode_gif(frames, 120ms);
  REQUIRE(file);
  const auto info = probe_image(file->view());
  REQUIRE(info);
  CHECK(info->type == ImageType::Gif);
  CHECK(info->width == 20);
  CHECK(info->height == 10);
  CHECK(count(file->view(), "NETSCAPE2.0") == 1);
  CHECK(count(file->view(), std::string_view("\x21\xf9\x04\x04\x0c\x00", 6)) == 3);  // Each frame for 12 hundredths.
}

TEST_CASE("frames that no GIF can hold are an error", "[demo]") {
  CHECK(!encode_gif({}, 100ms));
  CHECK(!encode_gif(std::vector<Image>(1), 100ms));
  const std::vector<Image> unlike{Image(4, 4), Image(4, 5)};
  CHECK(!encode_gif(unlike, 100ms));
  const std::vector<Image> too_wide{Image(65'536, 1)};
  CHECK(!encode_gif(too_wide, 100ms));
}

}  // namespace
}  // namespace edge::demo
