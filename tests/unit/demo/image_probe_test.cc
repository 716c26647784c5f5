#include "demo/image_probe.h"

#include <memory>
#include <vector>

#include "demo/picture.h"
#include "sample_pictures.h"
#include "support/catch.h"

namespace edge::demo {
namespace {

struct Sample {
  std::string file;
  ImageType type;
};

std::vector<Sample> samples(std::uint32_t width, std::uint32_t height) {
  return {{sample_png(width, height), ImageType::Png},
          {sample_gif(width, height), ImageType::Gif},
          {sample_jpeg(width, height), ImageType::Jpeg},
          {sample_webp_lossy(width, height), ImageType::WebP},
          {sample_webp_lossless(width, height), ImageType::WebP},
          {sample_webp_extended(width, height), ImageType::WebP}};
}

// In memory of its own exactly as large as it, so that reading past its end is seen under AddressSanitizer.
Result<ImageInfo> probe_alone(std::string_view file) {
  const auto copy = std::make_unique<char[]>(file.size());
  file.copy(copy.get(), file.size());
  return probe_image({copy.get(), file.size()});
}

ErrorCode refusal_of(std::string_view file) {
  const auto info = probe_alone(file);
  REQUIRE(!info);
  return info.error().code;
}

TEST_CASE("type and size of every kind of picture are known from its bytes", "[demo]") {
  for (const Sample& sample : samples(640, 481)) {
    CAPTURE(content_type_of(sample.type));
    const auto info = probe_alone(sample.file);
    REQUIRE(info);
    CHECK(info->type == sample.type);
    CHECK(info->width == 640);
    CHECK(info->height == 481);
  }
}

TEST_CASE("pictures that we draw are taken for what they are", "[demo]") {
  for (const std::uint32_t size : {46u, 132u}) {
    for (const std::string_view avatar : {"7", "8"}) {
      const auto picture = draw_picture(avatar, 3, size);
      REQUIRE(picture);
      const auto info = probe_alone(picture->bytes.view());
      REQUIRE(info);
      CHECK(info->type == picture->type);
      CHECK(info->width == size);
      CHECK(info->height == size);
    }
  }
}

TEST_CASE("a picture cut short at any byte is refused", "[demo]") {
  for (const Sample& sample : samples(64, 48)) {
    CAPTURE(content_type_of(sample.type));
    for (std::size_t length = 0; length < sample.file.size(); ++length) {
      CAPTURE(length);
      CHECK(refusal_of(std::string_view(sample.file).substr(0, length)) == ErrorCode::Malformed);
    }
  }
}

TEST_CASE("any byte of a picture may be anything without harm", "[demo]") {
  for (const Sample& sample : samples(64, 48)) {
    for (std::size_t at = 0; at < sample.file.size(); ++at) {
      for (const char value : {'\x00', '\x01', '\x7f', '\x80', '\xff'}) {
        std::string file = sample.file;
        file[at] = value;
        const auto info = probe_alone(file);
        if (info) CHECK((info->width > 0 && info->height > 0 && info->width <= kImageSideMax));
      }
    }
  }
}

TEST_CASE("what is no picture is refused", "[demo]") {
  CHECK(refusal_of("") == ErrorCode::Malformed);
  CHECK(refusal_of("<svg xmlns='http://www.w3.org/2000/svg'/>") == ErrorCode::Malformed);
  CHECK(refusal_of("<!doctype html><script>alert(1)</script>") == ErrorCode::Malformed);
  CHECK(refusal_of("%PDF-1.7") == ErrorCode::Malformed);
  CHECK(refusal_of(riff_chunk("RIFF", "WAVEfmt ")) == ErrorCode::Malformed);
}

TEST_CASE("a picture without pixels is refused", "[demo]") {
  for (const auto& [width, height] : {std::pair{0u, 8u}, std::pair{8u, 0u}}) {
    CHECK(refusal_of(sample_png(width, height)) == ErrorCode::Malformed);
    CHECK(refusal_of(sample_gif(width, height)) == ErrorCode::Malformed);
    CHECK(refusal_of(sample_jpeg(width, height)) == ErrorCode::Malformed);
    CHECK(refusal_of(sample_webp_lossy(width, height)) == ErrorCode::Malformed);
  }
}

TEST_CASE("a picture of a monstrous size is refused, the largest that is none is taken", "[demo]") {
  CHECK(probe_alone(sample_png(kImageSideMax, kImageSideMax)));
  CHECK(refusal_of(sample_png(kImageSideMax + 1, 8)) == ErrorCode::TooLarge);
  CHECK(refusal_of(sample_png(8, 0xffffffff)) == ErrorCode::TooLarge);
  CHECK(refusal_of(sample_gif(8, 0xffff)) == ErrorCode::TooLarge);
  CHECK(refusal_of(sample_webp_extended(1u << 24, 8)) == ErrorCode::TooLarge);
}

TEST_CASE("a PNG begins with its header and has pixels", "[demo][rfc2083]") {
  const std::string signature = "\x89PNG\r\n\x1a\n";
  const std::string header = big_endian(8, 4) + big_endian(8, 4) + std::string("\x08\x02\0\0\0", 5);
  const std::string end = png_chunk("IEND", "");
  CHECK(refusal_of(signature + png_chunk("IDAT", "pixels") + end) == ErrorCode::Malformed);
  CHECK(refusal_of(signature + png_chunk("IHDR", header) + end) == ErrorCode::Malformed);
  CHECK(refusal_of(signature + png_chunk("IHDR", header.substr(1)) + png_chunk("IDAT", "p") + end) ==
        ErrorCode::Malformed);
}

TEST_CASE("a GIF of the older version, and one with a stray zero between blocks, is taken", "[demo]") {
  std::string file = sample_gif(8, 8);
  file[4] = '7';
  CHECK(probe_alone(file));
  file.insert(file.size() - 1, 1, '\0');
  CHECK(probe_alone(file));
}

TEST_CASE("a progressive JPEG is taken, a segment that is no frame does not give the size", "[demo]") {
  CHECK(probe_alone(sample_jpeg(8, 8, '\xc2')));
  CHECK(refusal_of(sample_jpeg(8, 8, '\xc8')) == ErrorCode::Malformed);
}

TEST_CASE("a WebP that announces pictures and has none is refused", "[demo][rfc9649]") {
  const std::string header = riff_chunk("VP8X", std::string(4, '\0') + little_endian(7, 3) + little_endian(7, 3));
  CHECK(refusal_of(webp_file(header)) == ErrorCode::Malformed);
  CHECK(refusal_of(webp_file(header + riff_chunk("EXIF", "data"))) == ErrorCode::Malformed);
}

}  // namespace
}  // namespace edge::demo
