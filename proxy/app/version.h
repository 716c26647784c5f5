// Which program this is.
#pragma once

namespace edge::app {

inline constexpr const char* kVersion = EDGE_VERSION;

}  // namespace edge::app
