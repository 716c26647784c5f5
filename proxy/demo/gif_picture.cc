#include "demo/gif_picture.h"

#include <gif_lib.h>

#include <array>
#include <string>
#include <string_view>

#include "base/handle.h"
#include "demo/palette.h"

namespace edge::demo {
namespace {

constexpr std::uint32_t kSideMax = 65'535;  // GIF has 16 bits for it.
constexpr int kColourBits = 8;
constexpr int kColours = 1 << kColourBits;

int on_write(GifFileType* gif, const GifByteType* data, int size) {
  static_cast<Bytes*>(gif->UserData)->append({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
  return size;
}

struct GifClose {
  void operator()(GifFileType* gif) const noexcept { EGifCloseFile(gif, nullptr); }
};
using GifHandle = std::unique_ptr<GifFileType, GifClose>;
using ColourMapHandle = CHandle<ColorMapObject, GifFreeMapObject>;

Failure giflib_failure(int code) {
  const char* const words = GifErrorString(code);
  return fail(ErrorCode::System, std::string("giflib: ") + (words ? words : "unknown error"));
}

// The application extension that makes viewers repeat the animation; 0 repetitions mean without end.
bool put_loop_extension(GifFileType* gif) {
  static constexpr std::string_view kName = "NETSCAPE2.0";
  static constexpr std::array<GifByteType, 3> kForever{1, 0, 0};
  return EGifPutExtensionLeader(gif, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
         EGifPutExtensionBlock(gif, static_cast<int>(kName.size()), kName.data()) == GIF_OK &&
         EGifPutExtensionBlock(gif, static_cast<int>(kForever.size()), kForever.data()) == GIF_OK &&
         EGifPutExtensionTrailer(gif) == GIF_OK;
}

bool put_frame(GifFileType* gif, std::vector<std::uint8_t> indices, int hundredths) {
  const GraphicsControlBlock control{DISPOSE_DO_NOT, false, hundredths, NO_TRANSPARENT_COLOR};
  std::array<GifByteType, 4> block{};
  const std::size_t block_size = EGifGCBToExtension(&control, block.data());
  if (EGifPutExtension(gif, GRAPHICS_EXT_FUNC_CODE, static_cast<int>(block_size), block.data()) != GIF_OK) return false;
  if (EGifPutImageDesc(gif, 0, 0, gif->SWidth, gif->SHeight, false, nullptr) != GIF_OK) return false;
  for (int row = 0; row < gif->SHeight; ++row) {
    GifPixelType* const pixels = &indices[static_cast<std::size_t>(row) * static_cast<std::size_t>(gif->SWidth)];
    if (EGifPutLine(gif, pixels, gif->SWidth) != GIF_OK) return false;
  }
  return true;
}

ColourMapHandle colour_map_of(const Palette& palette) {
  std::array<GifColorType, kColours> colours{};
  for (std::size_t i = 0; i < palette.entries().size(); ++i) {
    const auto& [red, green, blue] = palette.entries()[i];
    colours[i] = {red, green, blue};
  }
  return ColourMapHandle(GifMakeMapObject(kColours, colours.data()));
}

bool have_one_size(std::span<const Image> frames) {
  for (const Image& frame : frames)
    if (frame.width != frames.front().width || frame.height != frames.front().height) return false;
  return true;
}

}  // namespace

Result<Bytes> encode_gif(std::span<const Image> frames, std::chrono::milliseconds frame_time) {
  if (frames.empty() || frames.front().rgb.empty() || !have_one_size(frames) || frames.front().width > kSideMax ||
      frames.front().height > kSideMax)
    return fail(ErrorCode::Malformed, "frames of a GIF must have one size, from 1 to 65535");

  Bytes bytes;
  int code = 0;
  GifHandle gif(EGifOpen(&bytes, on_write, &code));
  if (!gif) return giflib_failure(code);
  EGifSetGifVersion(gif.get(), true);
  const Palette palette(frames);
  const ColourMapHandle colours = colour_map_of(palette);
  if (!colours) return fail(ErrorCode::System, "giflib has no memory");
  if (EGifPutScreenDesc(gif.get(), static_cast<int>(frames.front().width), static_cast<int>(frames.front().height),
                        kColourBits, 0, colours.get()) != GIF_OK ||
      !put_loop_extension(gif.get()))
    return giflib_failure(gif->Error);
  for (const Image& frame : frames)
    if (!put_frame(gif.get(), palette.indices_of(frame), static_cast<int>(frame_time.count() / 10)))
      return giflib_failure(gif->Error);
  if (EGifCloseFile(gif.release(), &code) != GIF_OK) return giflib_failure(code);  // Writes the trailer.
  bytes.shrink_to_fit();
  return bytes;
}

}  // namespace edge::demo
