// wall.html, embedded when the program is built.
#pragma once

#include <string_view>

namespace edge::demo {

extern const std::string_view kWallHtml;

}  // namespace edge::demo
