// Small files of every type that is taken, built byte by byte.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace edge::demo {

inline std::string big_endian(std::uint32_t value, int bytes) {
  std::string text;
  for (int i = bytes - 1; i >= 0; --i) text += static_cast<char>(value >> (8 * i) & 0xffu);
  return text;
}

inline std::string little_endian(std::uint32_t value, int bytes) {
  const std::string text = big_endian(value, bytes);
  return {text.rbegin(), text.rend()};
}

inline std::string png_chunk(std::string_view name, std::string_view data) {
  return big_endian(static_cast<std::uint32_t>(data.size()), 4) + std::string(name) + std::string(data) + "CRCC";
}

inline std::string sample_png(std::uint32_t width, std::uint32_t height) {
  const std::string header = big_endian(width, 4) + big_endian(height, 4) + std::string("\x08\x02\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + png_chunk("tEXt", "a note") + png_chunk("IDAT", "pixels") +
         png_chunk("IEND", "");
}

// With a colour table for all, an extension, and an image with a colour table of its own.
inline std::string sample_gif(std::uint32_t width, std::uint32_t height) {
  const std::string place = little_endian(0, 4) + little_endian(width, 2) + little_endian(height, 2);
  return "GIF89a" + little_endian(width, 2) + little_endian(height, 2) + std::string("\x80\0\0", 3) +
         std::string(6, 'c') + std::string("\x21\xf9\x04\0\0\0\0\0", 8) + ',' + place + '\x81' + std::string(12, 'c') +
         std::string("\x02\x03xyz\0", 6) + ';';
}

inline std::string jpeg_segment(char marker, std::string_view data) {
  return std::string("\xff") + marker + big_endian(static_cast<std::uint32_t>(data.size() + 2), 2) + std::string(data);
}

// As cameras write them: a thumbnail, itself a JPEG with an end, lies in a segment before the real frame.
inline std::string sample_jpeg(std::uint32_t width, std::uint32_t height, char frame_marker = '\xc0') {
  const std::string frame = "\x08" + big_endian(height, 2) + big_endian(width, 2) + "\x03" + std::string(9, 'f');
  return "\xff\xd8" + jpeg_segment('\xe1', "Exif\xff\xd8\xff\xc0\xff\xd9") + jpeg_segment('\xc4', "huffman") + "\xff" +
         jpeg_segment(frame_marker, frame) + jpeg_segment('\xda', "scan") + "entropy" + "\xff\xd9";
}

inline std::string riff_chunk(std::string_view name, std::string_view data) {
  std::string chunk = std::string(name) + little_endian(static_cast<std::uint32_t>(data.size()), 4);
  chunk += data;
  if (data.size() % 2 == 1) chunk += '\0';
  return chunk;
}

inline std::string webp_file(const std::string& chunks) { return riff_chunk("RIFF", "WEBP" + chunks); }

inline std::string sample_webp_lossy(std::uint32_t width, std::uint32_t height) {
  return webp_file(
      riff_chunk("VP8 ", "tag\x9d\x01\x2a" + little_endian(width, 2) + little_endian(height, 2) + "frame"));
}

inline std::string sample_webp_lossless(std::uint32_t width, std::uint32_t height) {
  return webp_file(riff_chunk("VP8L", "\x2f" + little_endian((width - 1) | (height - 1) << 14, 4) + "pixels"));
}

inline std::string sample_webp_extended(std::uint32_t width, std::uint32_t height) {
  return webp_file(
      riff_chunk("VP8X", std::string(4, '\0') + little_endian(width - 1, 3) + little_endian(height - 1, 3)) +
      riff_chunk("ANMF", "frame"));
}

}  // namespace edge::demo
