// What the command line asks of a running edge, over its admin port.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "app/config.h"
#include "app/one_request.h"
#include "base/result.h"

namespace edge::app {

// Asks and waits, for `patience` at most. Fails when nobody answers there.
Result<OneAnswer> ask_admin(const AdminOptions& admin, std::string_view method, std::string_view target,
                            std::string_view body, std::chrono::milliseconds patience = std::chrono::seconds{5});

}  // namespace edge::app
