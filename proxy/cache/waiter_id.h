// A request that waits for something of another worker's.
#pragma once

#include <cstdint>

namespace edge::cache {

// Only its worker can say whether it still waits.
struct WaiterId {
  std::uint32_t worker = 0;
  std::uint64_t serial = 0;
  friend bool operator==(const WaiterId&, const WaiterId&) = default;
};

}  // namespace edge::cache
