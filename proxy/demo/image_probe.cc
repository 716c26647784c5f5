#include "demo/image_probe.h"

#include <array>
#include <optional>
#include <string>

#include "demo/byte_reader.h"

namespace edge::demo {
namespace {

using namespace std::string_view_literals;

struct Dimensions {
  std::uint32_t width = 0;
  std::uint32_t height = 0;
};

// Each try_ reads a file after its signature; nullopt where its structure is broken or ends too early.

// PNG (RFC 2083): chunks of length, name, data and check sum; first IHDR, last IEND, in between at least one IDAT.
std::optional<Dimensions> try_png(ByteReader reader) {
  Dimensions dimensions;
  bool has_data = false;
  for (bool is_first = true;; is_first = false) {
    const auto length = reader.try_big_endian(4);
    const auto name = reader.try_take(4);
    if (!length || !name || is_first != (*name == "IHDR")) return std::nullopt;
    const auto data = reader.try_take(*length);
    if (!data || !reader.skip(4)) return std::nullopt;
    if (is_first) {
      if (data->size() != 13) return std::nullopt;
      ByteReader header(*data);
      dimensions = {*header.try_big_endian(4), *header.try_big_endian(4)};
    }
    if (*name == "IDAT") has_data = true;
    if (*name == "IEND") return has_data ? std::optional(dimensions) : std::nullopt;
  }
}

// A chain of blocks, each led by its length, ended by one of length 0.
bool skip_gif_blocks(ByteReader& reader) {
  while (const auto length = reader.try_big_endian(1)) {
    if (*length == 0) return true;
    if (!reader.skip(*length)) return false;
  }
  return false;
}

bool skip_gif_colours(ByteReader& reader, std::uint32_t flags) {
  const bool has_table = (flags & 0x80u) != 0;
  return !has_table || reader.skip(3u << ((flags & 7u) + 1));
}

// GIF (GIF89a specification): screen descriptor, then extensions and images, then the trailer.
std::optional<Dimensions> try_gif(ByteReader reader) {
  const auto width = reader.try_little_endian(2);
  const auto height = reader.try_little_endian(2);
  const auto flags = reader.try_big_endian(1);
  if (!width || !height || !flags || !reader.skip(2) || !skip_gif_colours(reader, *flags)) return std::nullopt;
  bool has_image = false;
  while (const auto introducer = reader.try_big_endian(1)) {
    switch (*introducer) {
      case 0x21:  // An extension: its label, its blocks.
        if (!reader.skip(1) || !skip_gif_blocks(reader)) return std::nullopt;
        break;
      case 0x2c: {  // An image: place and size, flags, colours, code size, its blocks.
        if (!reader.skip(8)) return std::nullopt;
        const auto image_flags = reader.try_big_endian(1);
        if (!image_flags || !skip_gif_colours(reader, *image_flags) || !reader.skip(1) || !skip_gif_blocks(reader))
          return std::nullopt;
        has_image = true;
        break;
      }
      case 0x00:  // Between blocks it means nothing; there are encoders that write it, and every viewer skips it.
        break;
      case 0x3b:
        return has_image ? std::optional(Dimensions{*width, *height}) : std::nullopt;
      default:
        return std::nullopt;
    }
  }
  return std::nullopt;
}

// SOF0 to SOF15, without DHT, JPG and DAC, which lie among them.
bool is_start_of_frame(std::uint32_t marker) {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

// JPEG (ITU T.81 annex B): segments until the first scan, then anything until the end of the image.
std::optional<Dimensions> try_jpeg(ByteReader reader) {
  std::optional<Dimensions> dimensions;
  while (true) {
    if (reader.try_big_endian(1) != 0xff) return std::nullopt;
    auto marker = reader.try_big_endian(1);
    while (marker == 0xff) marker = reader.try_big_endian(1);  // Fill bytes (B.1.1.2).
    const auto length = reader.try_big_endian(2);
    if (!marker || !length || *length < 2) return std::nullopt;
    const auto segment = reader.try_take(*length - 2);
    if (!segment) return std::nullopt;
    if (is_start_of_frame(*marker)) {
      ByteReader frame(*segment);
      if (!frame.skip(1)) return std::nullopt;
      const auto height = frame.try_big_endian(2);
      const auto width = frame.try_big_endian(2);
      if (!height || !width) return std::nullopt;
      dimensions = Dimensions{*width, *height};
    }
    if (*marker == 0xda) break;
  }
  const bool has_end = reader.rest().find("\xff\xd9"sv) != std::string_view::npos;
  return has_end ? dimensions : std::nullopt;
}

// A lossy frame (RFC 6386 section 9.1): three bytes of tag, a start code, 14 bits each of width and height.
std::optional<Dimensions> try_vp8(ByteReader frame) {
  if (!frame.skip(3) || frame.try_take(3) != "\x9d\x01\x2a"sv) return std::nullopt;
  const auto width = frame.try_little_endian(2);
  const auto height = frame.try_little_endian(2);
  if (!width || !height) return std::nullopt;
  return Dimensions{*width & 0x3fffu, *height & 0x3fffu};
}

// A lossless frame (RFC 9649 section 3.4): a signature, then 14 bits each of width and height less one.
std::optional<Dimensions> try_vp8l(ByteReader frame) {
  if (frame.try_take(1) != "\x2f"sv) return std::nullopt;
  const auto bits = frame.try_little_endian(4);
  if (!bits) return std::nullopt;
  return Dimensions{(*bits & 0x3fffu) + 1, (*bits >> 14 & 0x3fffu) + 1};
}

// The extended header (RFC 9649 section 2.7): four bytes of flags, 24 bits each of width and height less one.
std::optional<Dimensions> try_vp8x(ByteReader header) {
  if (!header.skip(4)) return std::nullopt;
  const auto width = header.try_little_endian(3);
  const auto height = header.try_little_endian(3);
  if (!width || !height) return std::nullopt;
  return Dimensions{*width + 1, *height + 1};
}

// WebP (RFC 9649): a RIFF file whose first chunk says the size; a chunk of odd length is padded. "VP8X" must be
// followed by pictures, which are somewhere among the chunks.
std::optional<Dimensions> try_webp(ByteReader reader) {
  const auto file_size = reader.try_little_endian(4);
  if (!file_size) return std::nullopt;
  const auto content = reader.try_take(*file_size);
  if (!content) return std::nullopt;
  ByteReader chunks(*content);
  if (chunks.try_take(4) != "WEBP"sv) return std::nullopt;
  std::optional<Dimensions> dimensions;
  bool has_image = false;
  while (!chunks.is_at_end()) {
    const auto name = chunks.try_take(4);
    const auto length = chunks.try_little_endian(4);
    const auto data = length ? chunks.try_take(*length) : std::nullopt;
    if (!name || !data || (*length % 2 == 1 && !chunks.skip(1))) return std::nullopt;
    if (!dimensions) {
      if (*name == "VP8 ") dimensions = try_vp8(ByteReader(*data));
      if (*name == "VP8L") dimensions = try_vp8l(ByteReader(*data));
      if (*name == "VP8X") dimensions = try_vp8x(ByteReader(*data));
      if (!dimensions) return std::nullopt;
    }
    has_image = has_image || *name == "VP8 " || *name == "VP8L" || *name == "ANMF";
  }
  return has_image ? dimensions : std::nullopt;
}

struct Format {
  ImageType type;
  std::string_view name;
  std::string_view signature;
  std::optional<Dimensions> (*try_dimensions)(ByteReader);
};

constexpr std::array<Format, 5> kFormats{{
    {ImageType::Png, "PNG", "\x89PNG\r\n\x1a\n"sv, try_png},
    {ImageType::Gif, "GIF", "GIF89a"sv, try_gif},
    {ImageType::Gif, "GIF", "GIF87a"sv, try_gif},
    {ImageType::Jpeg, "JPEG", "\xff\xd8"sv, try_jpeg},
    {ImageType::WebP, "WebP", "RIFF"sv, try_webp},
}};

}  // namespace

Result<ImageInfo> probe_image(std::string_view file) {
  for (const Format& format : kFormats) {
    if (!file.starts_with(format.signature)) continue;
    const auto dimensions = format.try_dimensions(ByteReader(file.substr(format.signature.size())));
    if (!dimensions)
      return fail(ErrorCode::Malformed,
                  "the file begins like a " + std::string(format.name) + " but is not a whole one");
    if (dimensions->width == 0 || dimensions->height == 0)
      return fail(ErrorCode::Malformed, "the picture has no pixels");
    if (dimensions->width > kImageSideMax || dimensions->height > kImageSideMax)
      return fail(ErrorCode::TooLarge,
                  "the picture has more than " + std::to_string(kImageSideMax) + " pixels along a side");
    return ImageInfo{format.type, dimensions->width, dimensions->height};
  }
  return fail(ErrorCode::Malformed, "the file is not a PNG, GIF, JPEG or WebP picture");
}

std::string_view content_type_of(ImageType type) noexcept {
  switch (type) {
    case ImageType::Png:
      return "image/png";
    case ImageType::Gif:
      return "image/gif";
    case ImageType::Jpeg:
      return "image/jpeg";
    case ImageType::WebP:
      return "image/webp";
  }
  return "application/octet-stream";
}

}  // namespace edge::demo
