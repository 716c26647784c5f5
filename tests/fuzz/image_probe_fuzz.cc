// Fuzzes demo: the probe that tells whether an upload is a picture. What it takes has a sensible size.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "demo/image_probe.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using edge::demo::kImageSideMax;
  const auto info = edge::demo::probe_image({reinterpret_cast<const char*>(data), size});
  if (!info) return 0;
  EDGE_CHECK(info->width > 0 && info->width <= kImageSideMax);
  EDGE_CHECK(info->height > 0 && info->height <= kImageSideMax);
  return 0;
}
