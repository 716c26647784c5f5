// One request over HTTP and its answer, for commands that ask once and end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "origin/origin.h"

namespace edge::app {

struct OneAnswer {
  std::uint16_t status = 0;
  std::string body;
};

// Blocks until the answer is complete or the options' timeouts are over. `body` may be empty.
Result<OneAnswer> ask_once(const origin::OriginOptions& options, origin::FetchRequest request, std::string_view body);

}  // namespace edge::app
