// What the command line asks of a running edge, over its admin port.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/config.h"
#include "base/result.h"

namespace edge::app {

struct AdminAnswer {
  std::uint16_t status = 0;
  std::string body;
};

// Asks and waits, at most some seconds. Fails when nobody answers there.
Result<AdminAnswer> ask_admin(const AdminOptions& admin, std::string_view method, std::string_view target,
                              std::string_view body);

}  // namespace edge::app
