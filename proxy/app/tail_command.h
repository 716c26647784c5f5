// avatar-edge tail: shows the records of a running edge's access log as they come.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace edge::app {

struct TailFlags {
  std::vector<std::string> filters;  // All must hold.
  std::uint64_t count = 0;           // Ends after so many records; 0: goes on.
};

// Records go to standard output, what there is to say besides to standard error. The exit status: 0 after `count`
// records, or when nobody reads what is written any more; 1 when the edge does not answer, does not understand, or
// ends.
int tail(const std::string& config_file, const TailFlags& flags);

}  // namespace edge::app
