// Writes PNG files. The only user of libpng.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "demo/image.h"

namespace edge::demo {

Result<Bytes> encode_png(const Image& image);

}  // namespace edge::demo
