// `avatar-edge demo`: the sample origin and an edge before it, in one process, with nothing to configure.
#pragma once

#include <cstdint>

#include "base/result.h"

namespace edge::app {

// Serves on 127.0.0.1: the edge on `port`, the origin on the next, the admin port on the one after. Where `with_redis`
// and there is a redis-server, the edge follows an update feed in one of the demo's own. Prints what to try and returns
// after SIGINT or SIGTERM.
Status run_demo(std::uint16_t port, bool with_redis);

}  // namespace edge::app
