// Other processes of ours.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace edge {

// Of this process: as it was started, so that another can be started so.
struct Invocation {
  std::string program;                 // As a shell would find it: a path, or a name that PATH has.
  std::vector<std::string> arguments;  // Without the program's name.
};

// Starts a program that inherits the environment, with `variables` ("NAME=value") in it, and these descriptors, as 3, 4
// and so on; the standard streams too, and nothing else that is close-on-exec. Fails where the program cannot be run.
Result<pid_t> spawn(const Invocation& invocation, const std::vector<std::string>& variables,
                    std::span<const int> descriptors);

// Ends a child that has not ended, at once; either way it is gone when this returns.
void end_child(pid_t child) noexcept;

}  // namespace edge
