// Which program this is.
#pragma once

namespace edge::app {

extern const char* const kVersion;

}  // namespace edge::app
