// Writes animated GIF files. The only user of giflib.
#pragma once

#include <chrono>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "demo/image.h"

namespace edge::demo {

// Frames of one size, at least one, shown for `frame_time` each (whole hundredths of a second), over and over.
Result<Bytes> encode_gif(std::span<const Image> frames, std::chrono::milliseconds frame_time);

}  // namespace edge::demo
