// What two ends have agreed to speak.
#pragma once

namespace edge::net {

// RFC 7301. None: nothing was said of it.
enum class Alpn { None, Http1, Http2 };

}  // namespace edge::net
