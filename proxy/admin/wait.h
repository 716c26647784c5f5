// How long who asks wants to wait for what he has asked for.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/result.h"

namespace edge::admin {

// The query may say wait=DURATION, at most a minute, and nothing else.
Result<std::optional<std::chrono::milliseconds>> parse_wait(std::string_view query);

}  // namespace edge::admin
