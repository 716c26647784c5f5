#include "demo/picture.h"

#include <chrono>
#include <utility>
#include <vector>

#include "base/text.h"
#include "demo/gif_picture.h"
#include "demo/identicon.h"
#include "demo/png_picture.h"

namespace edge::demo {
namespace {

constexpr std::uint32_t kAnimatedSizeMax = 132;
constexpr int kFrames = 12;
constexpr std::chrono::milliseconds kFrameTime{110};

bool is_animated(std::string_view avatar, std::uint32_t size) {
  const auto number = try_unsigned(avatar);
  return number && *number % 7 == 0 && size <= kAnimatedSizeMax;
}

Result<Bytes> draw_animation(IdenticonSpec spec) {
  std::vector<Image> frames;
  spec.grain = false;
  for (int i = 0; i < kFrames; ++i) {
    spec.phase = static_cast<float>(i) / kFrames;
    frames.push_back(draw_identicon(spec));
  }
  return encode_gif(frames, kFrameTime);
}

}  // namespace

Result<Picture> draw_picture(std::string_view avatar, std::uint64_t version, std::uint32_t size) {
  const IdenticonSpec spec{.avatar = avatar, .version = version, .size = size};
  const ImageType type = is_animated(avatar, size) ? ImageType::Gif : ImageType::Png;
  Result<Bytes> bytes = type == ImageType::Gif ? draw_animation(spec) : encode_png(draw_identicon(spec));
  if (!bytes) return Failure{bytes.error()};
  return Picture{type, *std::move(bytes)};
}

}  // namespace edge::demo
