#include "demo/png_picture.h"

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <string>
#include <string_view>

namespace edge::demo {
namespace {

// What libpng's callbacks write to. Plain on the error side: a longjmp passes over it.
struct Sink {
  Bytes bytes;
  char message[160] = "";
};

// libpng wants this function not to return.
[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  auto* const sink = static_cast<Sink*>(png_get_error_ptr(png));
  std::snprintf(sink->message, sizeof sink->message, "%s", message);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_write(png_structp png, png_bytep data, size_t size) {
  auto* const sink = static_cast<Sink*>(png_get_io_ptr(png));
  sink->bytes.append({reinterpret_cast<const char*>(data), size});
}

void on_flush(png_structp) {}

// Both structs of a file being written, ended together as libpng demands.
class Writer {
 public:
  explicit Writer(Sink& sink)
      : png_(png_create_write_struct(PNG_LIBPNG_VER_STRING, &sink, on_error, on_warning)),
        info_(png_ ? png_create_info_struct(png_) : nullptr) {}
  ~Writer() { png_destroy_write_struct(&png_, &info_); }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  png_structp png() const { return png_; }
  png_infop info() const { return info_; }
  bool is_ready() const { return info_ != nullptr; }

 private:
  png_structp png_;
  png_infop info_;
};

// False after an error. libpng leaves this function by longjmp, so nothing in it may have a destructor.
bool write_file(png_structp png, png_infop info, const Image& image) {
  if (setjmp(png_jmpbuf(png)) != 0) return false;
  png_set_IHDR(png, info, image.width, image.height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  // Speed before size: the pictures are grainy gradients, on which harder work gains a few percent.
  png_set_compression_level(png, 3);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_SUB);
  png_write_info(png, info);
  for (png_uint_32 y = 0; y < image.height; ++y) png_write_row(png, image.pixel(0, y));
  png_write_end(png, nullptr);
  return true;
}

}  // namespace

Result<Bytes> encode_png(const Image& image) {
  Sink sink;
  Writer writer(sink);
  if (!writer.is_ready()) return fail(ErrorCode::System, "libpng cannot start");
  png_set_write_fn(writer.png(), &sink, on_write, on_flush);
  if (!write_file(writer.png(), writer.info(), image))
    return fail(ErrorCode::Malformed, std::string("libpng: ") + sink.message);
  sink.bytes.shrink_to_fit();
  return std::move(sink.bytes);
}

}  // namespace edge::demo
