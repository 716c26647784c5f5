// The version on a picture: "v12" on a dark pill at the bottom, inside the circle to which clients crop avatars.
#pragma once

#include <cstdint>

#include "demo/image.h"

namespace edge::demo {

// Where it is too long for the picture, its last digits are drawn.
void draw_version_badge(Image& image, std::uint64_t version);

}  // namespace edge::demo
