#include "app/version.h"

namespace edge::app {

const char* const kVersion = EDGE_VERSION;

}  // namespace edge::app
